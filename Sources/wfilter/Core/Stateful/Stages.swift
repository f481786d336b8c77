// SPDX-License-Identifier: Apache-2.0

import CEL
import Events
import Filter
import JSON
import Process

/// Connects the pure ``StatefulStage`` with the judge and the printer: finds keys and values, keeps lines for
/// `old`, and prints the stage's output. For one thread.
struct Stages: ~Copyable {
  /// A line and its properties.
  @safe struct Arrival {
    var line: RawJSON
    var source: LinePrinter.Source
    var key: KeyHash?
    var context: LineContext
    var matches: Bool
    /// Its place in the block.
    var number: Int
  }

  private let configuration: Configuration
  private let bits: Expressions.Bits
  private var keys: KeyFinder
  private var identity: ValueHasher?
  /// Whether anything is kept between lines.
  let isNeeded: Bool
  /// Whether lines that do not match change nothing: no key is looked for in them.
  let needsOnlyMatches: Bool
  private let isInline: Bool
  private var stage: StatefulStage
  private let keepsLines: Bool
  private var previous: PreviousLines
  private var hasReportedLimit = false
  private var outputs: [StatefulStage.Output] = []
  /// The place of the line that ``old(_:)`` returned last.
  private var oldSlot: Int?

  /// Whether a run keeps anything between lines.
  static func areNeeded(_ expressions: Expressions, _ configuration: Configuration) -> Bool {
    configuration.state.isNeeded || expressions.usesOld || configuration.printsDiff
      || configuration.takesLinesOneByOne
  }

  init(_ expressions: Expressions, _ configuration: Configuration) {
    let state = configuration.state
    isNeeded = Self.areNeeded(expressions, configuration)
    self.configuration = configuration
    bits = expressions.bits
    keys = KeyFinder(expressions.key)
    // A `--key` that has a value for no line is reported, also if no line matches.
    needsOnlyMatches =
      !state.tracks && state.silence == nil && !expressions.usesOld && expressions.bits.key == 0
    isInline = configuration.statusDestination == .inline
    identity = expressions.dedupe.map { ValueHasher($0) }
    stage = StatefulStage(state)
    keepsLines = expressions.usesOld
    let paths = expressions.all.reduce(into: Set<[String]>()) { $0.formUnion($1.oldPaths) }
    previous = PreviousLines(paths, limit: state.keysLimit)
  }

  /// The time at which ``tick(now:_:into:)`` has something to do, if no line comes before.
  var deadline: ContinuousClock.Instant? { stage.deadline?.onClock }

  /// The number of lines that were dropped, for `--stats`.
  var counts: StatefulCounts {
    var counts = stage.counts
    counts.evicted += previous.evictions
    return counts
  }

  /// The key of a line.
  mutating func key(
    _ line: RawJSON, _ head: EventHead?, _ context: LineContext, _ counts: inout Counts
  ) -> KeyHash? {
    guard line.kind == .object else { return nil }
    let key = keys.find(line, head: head, context: context)
    if bits.key != 0 {
      if key != nil {
        counts.found |= bits.key
      } else if head?.type.isControl == true {
        return nil
      } else {
        counts.note(bits.key, keys.reason ?? "")
      }
      counts.sought |= bits.key
    }
    return key
  }

  /// Whether every line that matches is printed at once.
  var printsAtOnce: Bool { stage.isIdle }

  /// The value of `old`: valid until ``remember(_:_:_:into:)``.
  mutating func old(_ key: KeyHash?) -> RawJSON? {
    guard keepsLines else { return nil }
    oldSlot = previous.slot(of: key)
    return previous.line(at: oldSlot)
  }

  /// Remembers a line for `old`. Its key is that of the last ``old(_:)``.
  mutating func remember(_ key: KeyHash?, _ line: RawJSON, _ head: EventHead?, into result: inout BlockResult)
  {
    guard keepsLines, let key else { return }
    previous.remember(key, at: oldSlot, line, isDeleted: head?.type == .deleted)
    if previous.evictions > 0 { reportLimit(&result) }
  }

  /// Takes a line with the filter's decision. Returns why it cannot be printed; nil if it can, or is dropped.
  mutating func accept(
    _ arrival: Arrival, at now: Moment, _ printer: LinePrinter, into result: inout BlockResult
  ) -> LineFault? {
    let type = arrival.source.head?.type
    if !arrival.matches {
      // With `--control match` a control line is treated like any other.
      guard type?.isControl != true else { return nil }
      // A line that passes only because its key is followed has not been read to its end yet.
      if stage.follows(arrival.key), let fault = arrival.line.fault(strictly: configuration.isStrict) {
        return fault
      }
    }
    let value = arrival.matches ? value(arrival, &result.counts) : nil
    var keyText: [UInt8] = []
    if stage.needsText(of: arrival.key) {
      keyText = keys.text(arrival.line, head: arrival.source.head, context: arrival.context)
    }
    let place = unsafe stage.line(
      arrival.source.bytes, key: arrival.key, keyText: keyText, matched: arrival.matches, value: value,
      type: type, now: now, into: &outputs)
    if outputs.isEmpty {
      if place != nil {
        printer.match(arrival.source, arrival.context, number: arrival.number, into: &result)
      }
    } else {
      carryOut(place, arrival.context, printer, &result) {
        printer.match(arrival.source, arrival.context, number: arrival.number, into: &$0)
      }
    }
    return nil
  }

  /// The value that `--dedupe` compares; nil if there is none.
  private mutating func value(_ arrival: Arrival, _ counts: inout Counts) -> KeyHash? {
    let bit = identity?.hasItsOld(arrival.context) == true ? bits.dedupe : 0
    counts.sought |= bit
    do throws(EvaluationError) {
      let value = try identity?.hash(arrival.line, head: arrival.source.head, context: arrival.context)
      counts.found |= bits.dedupe
      return value
    } catch {
      counts.errors += 1
      counts.note(bit, identity?.text(of: error) ?? "")
      return nil
    }
  }

  /// Passes a control line.
  mutating func passControl(
    _ type: EventType?, _ source: LinePrinter.Source, number: Int, at now: Moment, _ printer: LinePrinter,
    into result: inout BlockResult
  ) {
    let place = unsafe stage.line(
      source.bytes, key: nil, keyText: [], matched: true, type: type, now: now, into: &outputs)
    carryOut(place, LineContext(), printer, &result) { printer.pass(source, number: number, into: &$0) }
  }

  /// Prints the lines that are due.
  mutating func tick(now: Moment, _ printer: LinePrinter, into result: inout BlockResult) {
    stage.tick(now: now, into: &outputs)
    carryOut(nil, LineContext(), printer, &result) { _ in }
  }

  /// Prints all that is held.
  mutating func finish(_ printer: LinePrinter, into result: inout BlockResult) {
    stage.end(into: &outputs)
    carryOut(nil, LineContext(), printer, &result) { _ in }
  }

  /// Carries out the stage's outputs, in order, and prints its input line after a number of them.
  private mutating func carryOut(
    _ place: Int?, _ context: LineContext, _ printer: LinePrinter, _ result: inout BlockResult,
    printLine: (inout BlockResult) -> Void
  ) {
    if place == 0 { printLine(&result) }
    guard !outputs.isEmpty else { return }
    defer { outputs.removeAll(keepingCapacity: true) }
    for index in outputs.indices {
      switch outputs[index] {
      case .data(let line): print(line, context, isControl: false, printer, &result)
      case .control(let line):
        print(line, context, isControl: configuration.control != .match, printer, &result)
      case .status(let status):
        if isInline { printer.append(status.line, into: &result) } else { result.statuses.append(status) }
      case .keysLimitReached: reportLimit(&result)
      }
      if place == index + 1 { printLine(&result) }
    }
  }

  /// Prints another line than the current one: a held or changed line.
  private func print(
    _ line: Line, _ context: LineContext, isControl: Bool, _ printer: LinePrinter, _ result: inout BlockResult
  ) {
    unsafe line.withUnsafeBytes { bytes in
      let source = unsafe LinePrinter.Source(bytes: bytes, range: nil)
      if isControl {
        printer.pass(source, number: nil, into: &result)
      } else {
        printer.match(source, context, number: nil, into: &result)
      }
    }
  }

  /// Reports once that the limit of keys was reached.
  private mutating func reportLimit(_ result: inout BlockResult) {
    guard !hasReportedLimit else { return }
    hasReportedLimit = true
    let text =
      "more than \(configuration.state.keysLimit) keys, or more bytes than are kept: "
      + "the oldest are forgotten; see --keys-limit"
    result.messages.append(.init(level: .warning, line: nil, text: text))
  }
}
