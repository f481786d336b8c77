// SPDX-License-Identifier: Apache-2.0

import CEL
import Encoding
import Filter
import JSON
import Lines
import Process

/// A run that remembers something between lines: one thread, line by line, with deadlines.
final class StatefulRun {
  private let input: InputSequence
  private let output: LineOutput
  private let judge: LineJudge
  private let explainer: Explainer?
  private let stages: Stages
  private let settings: Settings
  private let diagnostics: Diagnostics
  private let deadline: ContinuousClock.Instant?
  private let usesNow: Bool
  /// What messages say before the numbers of lines.
  private var file = ""
  private var numberInFile: UInt64 = 0

  init(
    _ expressions: Expressions, _ settings: Settings, input: InputSequence, output: LineOutput,
    diagnostics: Diagnostics
  ) throws {
    self.input = input
    self.output = output
    self.settings = settings
    self.diagnostics = diagnostics
    judge = LineJudge(expressions, settings)
    explainer = settings.explains ? Explainer(expressions.filter, diagnostics) : nil
    stages = try Stages(expressions, settings, output: output, diagnostics: diagnostics)
    deadline = settings.timeLimit.map { ContinuousClock.now + $0 }
    usesNow = expressions.all.contains(where: \.usesNow)
  }

  /// Runs to the end.
  func run() throws {
    let block = LineBlock(size: 256 << 10)
    var flushed = ContinuousClock.now
    while output.ending == nil {
      let next = [stages.deadline, deadline].compactMap(\.self).min()
      var mayFlush = true
      switch Result(catching: { try input.read(into: block, timeoutMilliseconds: next.map(milliseconds)) }) {
      case .success(.lines(let lines)):
        if let start = lines.startOfFile { (file, numberInFile) = (start, 0) }
        explainer?.file = file
        try evaluate(block, from: lines.load(into: block))
        mayFlush = false
      case .success(.idle), .success(.timedOut): break
      case .success(.end): output.end(.end)
      case .success(.shutdown): output.end(.shutdown)
      // What has come before goes out first.
      case .failure(let error): output.end(.failed(error))
      }
      let now = Moment.now
      try stages.pass(at: now)
      if let deadline, now.instant >= deadline { output.end(.timedOut) }
      // A line whose time has come is not to wait for the input to pause.
      let isLate = now.instant - flushed > .milliseconds(50)
      if output.ending == nil, isLate || mayFlush {
        try output.flush()
        flushed = now.instant
      }
    }
    try stages.drain()
    output.counts.stateful = stages.counts
  }

  private func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
    let left = (deadline - .now) / Duration.milliseconds(1)
    return Int32(max(0, min(left.rounded(.up), 1e9)))
  }

  private func evaluate(_ block: LineBlock, from offset: Int) throws {
    let before = numberInFile
    var lines = 0
    defer { numberInFile = before + UInt64(lines + block.linesTooLong) }
    if block.linesTooLong > 0 {
      output.counts.tooLong += UInt64(block.linesTooLong)
      let last = before + UInt64(block.placeOfLastMissing)
      diagnostics.error("\(file)\(block.linesTooLong) line(s) up to line \(last) longer than 64 MiB dropped")
      if settings.onError == .fail { output.end(.badInput) }
    }
    output.counts.bytes += UInt64(block.count)
    let bytes = unsafe block.bytes
    guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    var start = offset
    while start < block.count, output.ending == nil {
      let count =
        unsafe JSONCursor(base + start).newline(JSONCursor(base + block.count)) - JSONCursor(base + start)
      lines += 1
      numberInFile = before + UInt64(block.place(of: lines))
      output.counts.lines += 1
      unsafe try evaluate(
        RawJSON(line: base + start, count: count), UnsafeRawBufferPointer(start: base + start, count: count))
      start += count + 1
    }
  }

  private func evaluate(_ line: RawJSON, _ bytes: UnsafeRawBufferPointer) throws {
    let now = Moment.now
    var context = LineContext()
    if usesNow {
      let time = now.wall.nanoseconds
      context.now = TimestampValue(seconds: time / 1_000_000_000, nanoseconds: Int32(time % 1_000_000_000))
    }
    let key = stages.key(line, context)
    let errorsBefore = judge.errors
    let decision = try stages.withPrevious(key, &context) { context in
      let decision = judge.decide(line, context: context)
      switch decision {
      case .drop: explainer?.explain(line, number: numberInFile, context: context)
      case .condition: output.end(.condition)
      case .failure:
        fail("cannot be evaluated: \(judge.evaluator.reason(line, context: context))")
      default: break
      }
      if decision == .pass || decision == .drop {
        let arrival = unsafe Stages.Arrival(
          line: line, bytes: bytes, key: key, context: context, matches: decision == .pass)
        if let fault = try stages.accept(arrival, at: now) { tell(fault) }
      }
      return decision
    }
    output.counts.errors += judge.errors - errorsBefore
    output.counts.reason = output.counts.reason ?? judge.firstReason
    switch decision {
    case .passControl:
      output.counts.control += 1
      unsafe try stages.passControl(line, bytes, at: now)
    case .dropControl: output.counts.control += 1
    case .empty: output.counts.empty += 1
    case .malformed(let fault): tell(fault)
    case .pass, .drop: stages.remember(key, line)
    case .condition, .failure: break
    }
  }

  private func tell(_ fault: LineFault) {
    output.counts.malformed += 1
    diagnostics.error("\(file)line \(numberInFile): not passed on: \(fault.description)")
    if settings.onError == .fail { output.end(.badInput) }
  }

  private func fail(_ what: String) {
    diagnostics.error("\(file)line \(numberInFile): \(what)")
    output.end(.badInput)
  }
}
