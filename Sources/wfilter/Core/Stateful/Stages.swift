// SPDX-License-Identifier: Apache-2.0

import CEL
import Events
import Filter
import JSON
import Process

/// Connects the pure ``StatefulStage`` with the judge and the printer: finds keys and values, keeps lines for
/// `old`, and prints the stage's output. For one thread.
final class Stages {
  /// A line and its properties.
  @safe struct Arrival {
    var line: RawJSON
    var head: EventHead?
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
  private let identity: LineEvaluator?
  private let tellsKeys: Bool
  /// Whether lines that do not match change nothing: no key is looked for in them.
  let needsOnlyMatches: Bool
  /// Asking the stage would copy it.
  private let tracks: Bool
  private let isInline: Bool
  private var stage: StatefulStage
  private let previous: PreviousLines?
  private var hasReportedLimit = false
  private var value: [UInt8] = []
  private var outputs: [StatefulStage.Output] = []

  /// Nil if nothing is kept between lines.
  init?(_ expressions: Expressions, _ configuration: Configuration) {
    let state = configuration.state
    guard
      state.isNeeded || expressions.usesOld || configuration.printsDiff || configuration.takesLinesOneByOne
    else { return nil }
    self.configuration = configuration
    bits = expressions.bits
    keys = KeyFinder(expressions.key)
    tellsKeys = state.silence != nil
    tracks = state.tracks
    // A `--key` that has a value for no line is reported, also if no line matches.
    needsOnlyMatches = !state.tracks && state.silence == nil && !expressions.usesOld && bits.key == 0
    isInline = configuration.statusDestination == .inline
    identity = expressions.dedupe.map { LineEvaluator($0) }
    stage = StatefulStage(state)
    if expressions.usesOld {
      let paths = expressions.all.reduce(into: Set<[String]>()) { $0.formUnion($1.oldPaths) }
      previous = PreviousLines(paths, limit: state.keysLimit)
    } else {
      previous = nil
    }
  }

  /// The time at which ``tick(now:_:into:)`` has something to do, if no line comes before.
  var deadline: ContinuousClock.Instant? { stage.deadline?.onClock }

  /// The number of lines that were dropped, for `--stats`.
  var counts: StatefulCounts {
    var counts = stage.counts
    counts.evicted += previous?.evictions ?? 0
    return counts
  }

  /// The key of a line.
  func key(
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

  /// Calls `body` with `old` in the context.
  func withPrevious<Result>(
    _ key: KeyHash?, _ context: LineContext, _ body: (LineContext) -> Result
  ) -> Result {
    guard let previous else { return body(context) }
    return previous.read(key) { old in
      var context = context
      context.old = old
      return body(context)
    }
  }

  /// Remembers a line for `old`.
  func remember(_ key: KeyHash?, _ line: RawJSON, _ head: EventHead?, into result: inout BlockResult) {
    guard let previous, let key else { return }
    previous.remember(key, line, isDeleted: head?.type == .deleted)
    if previous.evictions > 0 { reportLimit(&result) }
  }

  /// Takes a line with the filter's decision. Returns why it cannot be printed; nil if it can, or is dropped.
  func accept(
    _ arrival: Arrival, at now: Moment, _ printer: LinePrinter, into result: inout BlockResult
  ) -> LineFault? {
    let type = arrival.head?.type
    if !arrival.matches {
      // With `--control match` a control line is treated like any other.
      guard type?.isControl != true else { return nil }
      // A line that passes only because its key is followed has not been read to its end yet.
      if tracks, stage.follows(arrival.key), let fault = arrival.line.fault(strictly: configuration.isStrict)
      {
        return fault
      }
    }
    unsafe stage.line(
      arrival.source.bytes, key: arrival.key, keyText: tellsKeys ? keys.text : [], matched: arrival.matches,
      value: arrival.matches ? value(arrival, &result.counts) : nil, type: type, now: now, into: &outputs)
    carryOut(arrival.source, arrival.context, arrival.number, printer, &result)
    return nil
  }

  /// The value that `--dedupe` compares; nil if there is none.
  private func value(_ arrival: Arrival, _ counts: inout Counts) -> [UInt8]? {
    guard let identity else { return nil }
    value.removeAll(keepingCapacity: true)
    counts.sought |= bits.dedupe
    do throws(EvaluationError) {
      try identity.appendValue(
        arrival.line, head: arrival.head, context: arrival.context, isRaw: false, to: &value)
    } catch {
      counts.errors += 1
      counts.note(bits.dedupe, identity.text(of: error))
      return nil
    }
    JSONText.normalizeEscapes(in: &value)
    counts.found |= bits.dedupe
    return value
  }

  /// Passes a control line.
  func passControl(
    _ type: EventType?, _ source: LinePrinter.Source, number: Int, at now: Moment, _ printer: LinePrinter,
    into result: inout BlockResult
  ) {
    unsafe stage.line(
      source.bytes, key: nil, keyText: [], matched: true, type: type, now: now, into: &outputs)
    carryOut(source, LineContext(), number, printer, &result, isControl: true)
  }

  /// Prints the lines that are due.
  func tick(now: Moment, _ printer: LinePrinter, into result: inout BlockResult) {
    stage.tick(now: now, into: &outputs)
    carryOut(nil, LineContext(), nil, printer, &result)
  }

  /// Prints all that is held.
  func finish(_ printer: LinePrinter, into result: inout BlockResult) {
    stage.end(into: &outputs)
    carryOut(nil, LineContext(), nil, printer, &result)
  }

  /// Carries out the stage's outputs, in order; `given` is its input line.
  private func carryOut(
    _ given: LinePrinter.Source?, _ context: LineContext, _ number: Int?, _ printer: LinePrinter,
    _ result: inout BlockResult, isControl: Bool = false
  ) {
    guard !outputs.isEmpty else { return }
    defer { outputs.removeAll(keepingCapacity: true) }
    for item in outputs {
      switch item {
      case .line:
        guard let given else { continue }
        if isControl {
          printer.pass(given, number: number, into: &result)
        } else {
          printer.match(given, context, number: number, into: &result)
        }
      case .data(let line): print(line, context, isControl: false, printer, &result)
      case .control(let line):
        print(line, context, isControl: configuration.control != .match, printer, &result)
      case .status(let status):
        if isInline { printer.append(status.line, into: &result) } else { result.statuses.append(status) }
      case .keysLimitReached: reportLimit(&result)
      }
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
  private func reportLimit(_ result: inout BlockResult) {
    guard !hasReportedLimit else { return }
    hasReportedLimit = true
    let text =
      "more than \(configuration.state.keysLimit) keys, or more bytes than are kept: "
      + "the oldest are forgotten; see --keys-limit"
    result.messages.append(.init(level: .warning, line: nil, text: text))
  }
}
