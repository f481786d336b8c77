// SPDX-License-Identifier: Apache-2.0

import CEL
import Encoding
import Events
import Filter
import JSON
import Lines
import Process

/// Evaluates the lines of blocks: decides which are printed, reported and counted, and where the run ends.
/// One per thread.
///
/// Without ``Stages`` it keeps nothing between lines, and any number of evaluators may work at once. With
/// stages there is only one evaluator, and lines may be delayed or dropped.
struct BlockEvaluator: ~Copyable {
  private let judge: LineJudge
  private let printer: LinePrinter
  private var stages: Stages
  private let explainer: Explainer?
  private let configuration: Configuration
  private let shutdown: Shutdown?
  private let needsHead: Bool
  private let usesNow: Bool
  private let hasClock: Bool
  private var now = Moment.now
  private var context = LineContext()

  init(
    _ expressions: Expressions, _ configuration: Configuration, shutdown: Shutdown? = nil
  ) {
    // Local copies, because Swift 6.3.1 miscompiles initializers of types that cannot be copied if an operand of
    // `||` or `&&` reads a property: it destroys properties that have no value yet.
    let judge = LineJudge(expressions, configuration)
    let printer = LinePrinter(expressions, configuration)
    explainer = configuration.explains ? Explainer(expressions.filter) : nil
    let keepsState = Stages.areNeeded(expressions, configuration)
    stages = Stages(expressions, configuration)
    self.judge = judge
    self.printer = printer
    needsHead = judge.needsHead || printer.distinguishesEvents || keepsState
    self.configuration = configuration
    self.shutdown = shutdown
    let usesNow = expressions.all.contains(where: \.usesNow)
    self.usesNow = usesNow
    hasClock = usesNow || keepsState
  }

  /// The time at which ``tick(limit:into:)`` has something to do, if no line comes before.
  var deadline: ContinuousClock.Instant? { stages.deadline }

  /// More output than this ends the evaluation of a block, which then continues after it was written: each line
  /// may emit megabytes.
  private static let fullStorage = 4 << 20

  /// Evaluates the lines of a block from an offset on; stops after the line that ends the run, and when there
  /// is much output.
  ///
  /// `lines` is the number of lines before the offset; `limit` is the number of lines that may still match, nil
  /// for no limit; `result` is emptied first.
  mutating func evaluate(
    _ block: LineBlock, from offset: Int, after lines: Int = 0, limit: UInt64?, into result: inout BlockResult
  ) {
    result.removeAll()
    printer.limit = limit
    let bytes = unsafe block.bytes
    guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    if hasClock { readClock() }
    // A property would be retained and released for each line.
    let shutdown = configuration.timeLimit == nil ? nil : shutdown
    let failsAtLongLine = block.linesTooLong > 0 && configuration.onError == .fail
    var start = offset
    var number = lines
    let end = block.count
    while start < end, result.ending == nil, result.storage.count < Self.fullStorage {
      if failsAtLongLine, block.place(of: number + 1) > number + 1 { break }
      let newline = unsafe JSONCursor(base + start).newline(JSONCursor(base + end))
      let count = unsafe newline - JSONCursor(base + start)
      number += 1
      if hasClock, number & 63 == 0 { readClock() }
      let range = start..<(start + count + 1)
      unsafe evaluate(
        RawJSON(line: base + start, count: count),
        LinePrinter.Source(bytes: UnsafeRawBufferPointer(start: base + start, count: count), range: range),
        number, &result)
      start = range.upperBound
      if result.isSatisfied, result.ending == nil { result.ending = .satisfied }
      if let shutdown, shutdown.isPastDeadline, result.ending == nil { result.ending = .timedOut }
    }
    result.closeRun()
    result.evaluated = number
    result.counts.lines = UInt64(number - lines)
    // Counts the overlong lines before the last evaluated line; all of them if the block's end was reached.
    let tooLong = start < end ? block.place(of: number) - number : block.linesTooLong
    result.counts.tooLong = UInt64(tooLong - (block.place(of: lines) - lines))
    let isWhole = result.storage.count < Self.fullStorage
    if failsAtLongLine, result.ending == nil, start == end || isWhole {
      // The line at which the run ends follows those that were evaluated.
      if start < end { result.counts.tooLong += 1 }
      result.ending = .badInput
    }
    result.consumed = start
    result.counts.bytes = UInt64(start - offset)
    result.counts.hasJSON = judge.hasSeenJSON
    if result.ending == nil { stages.tick(now: now, printer, into: &result) } else { finish(&result) }
  }

  /// Prints the held lines that are due.
  mutating func tick(limit: UInt64?, into result: inout BlockResult) {
    result.removeAll()
    printer.limit = limit
    readClock()
    stages.tick(now: now, printer, into: &result)
    if result.isSatisfied { result.ending = .satisfied }
  }

  /// Prints all held lines, at the end of the input or of the run.
  mutating func finish(limit: UInt64?, into result: inout BlockResult) {
    result.removeAll()
    printer.limit = limit
    finish(&result)
  }

  private mutating func finish(_ result: inout BlockResult) {
    guard stages.isNeeded else { return }
    if !result.isSatisfied { stages.finish(printer, into: &result) }
    result.counts.stateful = stages.counts
  }

  private mutating func readClock() {
    now = .now
    guard usesNow else { return }
    let time = now.wall.nanoseconds
    context.now = TimestampValue(seconds: time / 1_000_000_000, nanoseconds: Int32(time % 1_000_000_000))
  }

  @inline(__always)
  private mutating func evaluate(
    _ line: RawJSON, _ source: LinePrinter.Source, _ number: Int,
    _ result: inout BlockResult
  ) {
    let head = needsHead ? EventHead(line) : nil
    var source = source
    source.head = head
    guard stages.isNeeded else {
      let decision = judge.decide(line, head: head, context: context, &result.counts)
      if decision == .pass {
        printer.match(source, context, number: number, into: &result)
      } else if decision != .drop || explainer != nil {
        carryOut(decision, line, head, source, context, number, &result)
      }
      return
    }
    if stages.needsOnlyMatches {
      let decision = judge.decide(line, head: head, context: context, &result.counts)
      if decision == .pass {
        let key = stages.key(line, head, context, &result.counts)
        accept(decision, line, source, key, context, number, &result)
      } else if decision != .drop || explainer != nil {
        carryOut(decision, line, head, source, context, number, &result)
      }
      return
    }
    var context = context
    let key = stages.key(line, head, context, &result.counts)
    context.old = stages.old(key)
    let decision = judge.decide(line, head: head, context: context, &result.counts)
    let isJudged = decision == .pass || decision == .drop
    if isJudged { accept(decision, line, source, key, context, number, &result) }
    if decision != .pass { carryOut(decision, line, head, source, context, number, &result) }
    if isJudged { stages.remember(key, line, head, into: &result) }
  }

  @inline(__always)
  private mutating func accept(
    _ decision: LineJudge.Decision, _ line: RawJSON, _ source: LinePrinter.Source, _ key: KeyHash?,
    _ context: LineContext, _ number: Int, _ result: inout BlockResult
  ) {
    if stages.printsAtOnce {
      if decision == .pass { printer.match(source, context, number: number, into: &result) }
      return
    }
    let fault = stages.accept(
      Stages.Arrival(
        line: line, source: source, key: key, context: context,
        matches: decision == .pass, number: number),
      at: now, printer, into: &result)
    if let fault { report(fault, number, &result) }
  }

  /// Handles a line that is not selected.
  private mutating func carryOut(
    _ decision: LineJudge.Decision, _ line: RawJSON, _ head: EventHead?, _ source: LinePrinter.Source,
    _ context: LineContext, _ number: Int, _ result: inout BlockResult
  ) {
    switch decision {
    case .pass: break
    case .drop:
      guard let explainer else { return }
      let text = explainer.explain(line, context: context)
      result.messages.append(.init(level: .info, line: number, text: text))
    case .passControl:
      result.counts.control += 1
      if stages.isNeeded {
        stages.passControl(head?.type, source, number: number, at: now, printer, into: &result)
      } else {
        printer.pass(source, number: number, into: &result)
      }
    case .dropControl: result.counts.control += 1
    case .empty: result.counts.empty += 1
    case .malformed(let fault): report(fault, number, &result)
    case .condition: result.ending = .condition
    case .failure:
      let reason = judge.failure ?? "it has no value"
      result.messages.append(.init(level: .error, line: number, text: "cannot be evaluated: \(reason)"))
      result.ending = .badInput
    }
  }

  private func report(_ fault: LineFault, _ number: Int, _ result: inout BlockResult) {
    result.counts.malformed += 1
    result.messages.append(
      .init(level: .error, line: number, text: "not passed on: \(fault.description)"))
    if configuration.onError == .fail { result.ending = .badInput }
  }
}
