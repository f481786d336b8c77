// SPDX-License-Identifier: Apache-2.0

import Filter
import JSON
import Lines

/// What became of the lines of one block: what is to be written, in order, and what is to be told. Reused from block to
/// block, so that nothing is allocated once it has grown.
struct BlockResult {
  /// Something that happens at a line.
  enum Event {
    /// The bytes of the block, or of `emitted`, are written; they end with a newline.
    case write(start: Int, count: Int, isEmitted: Bool, isControl: Bool)
    /// A matching line of which nothing is written.
    case match
    /// `number` counts the lines that came with the block from 1, those that were too long included.
    case malformed(number: UInt64, LineFault)
    /// `--fail-if`.
    case condition(number: UInt64)
    /// `--on-error fail`.
    case failure(number: UInt64, String)
  }

  var events: [Event] = []
  var emitted: [UInt8] = []
  var counts = Counts()

  mutating func removeAll() {
    events.removeAll(keepingCapacity: true)
    emitted.removeAll(keepingCapacity: emitted.capacity <= 4 << 20)
    counts = Counts()
  }
}

/// Evaluates the lines of blocks. One for each thread.
final class BlockJudge {
  private let judge: LineJudge
  private let emitter: LineEvaluator?
  private let explainer: Explainer?
  private let settings: Settings
  private let needsWrites: Bool

  init(_ expressions: Expressions, _ settings: Settings, explainer: Explainer?) {
    self.judge = LineJudge(expressions, settings)
    self.emitter = expressions.emit.map { LineEvaluator($0) }
    self.explainer = explainer
    self.settings = settings
    self.needsWrites = !settings.countsOnly && !settings.isQuiet
  }

  /// Evaluates the lines of a block from an offset on.
  func evaluate(_ block: LineBlock, from offset: Int, into result: inout BlockResult) {
    result.removeAll()
    result.counts.tooLong = UInt64(block.linesTooLong)
    result.counts.bytes = UInt64(block.count - offset)
    let errorsBefore = judge.errors
    let bytes = unsafe block.bytes
    guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    var start = offset
    let end = block.count
    while start < end {
      let newline = unsafe JSONCursor(base + start).newline(JSONCursor(base + end))
      let count = unsafe newline - JSONCursor(base + start)
      unsafe evaluate(RawJSON(line: base + start, count: count), start, count, block, &result)
      start += count + 1
    }
    result.counts.errors += judge.errors - errorsBefore
    result.counts.reason = result.counts.reason ?? judge.firstReason
  }

  @inline(__always)
  private func evaluate(
    _ line: RawJSON, _ start: Int, _ count: Int, _ block: LineBlock, _ result: inout BlockResult
  ) {
    result.counts.lines += 1
    let index = Int(result.counts.lines)
    var number: UInt64 { UInt64(block.place(of: index)) }
    switch judge.decide(line) {
    case .drop:
      if let explainer { explainer.explain(line, number: number) }
    case .pass:
      result.counts.matched += 1
      if !needsWrites {
        result.events.append(.match)
      } else if let emitter {
        emit(emitter, line, number, &result)
      } else {
        result.events.append(.write(start: start, count: count + 1, isEmitted: false, isControl: false))
      }
    case .passControl:
      result.counts.control += 1
      if needsWrites {
        result.events.append(.write(start: start, count: count + 1, isEmitted: false, isControl: true))
      }
    case .dropControl: result.counts.control += 1
    case .empty: result.counts.empty += 1
    case .malformed(let fault):
      result.counts.malformed += 1
      result.events.append(.malformed(number: number, fault))
    case .condition: result.events.append(.condition(number: number))
    case .failure:
      result.events.append(.failure(number: number, judge.evaluator.reason(line)))
    }
  }

  private func emit(
    _ emitter: LineEvaluator, _ line: RawJSON, _ number: @autoclosure () -> UInt64,
    _ result: inout BlockResult
  ) {
    let start = result.emitted.count
    do {
      try emitter.appendValue(line, to: &result.emitted)
      result.emitted.append(0x0A)
      let count = result.emitted.count - start
      result.events.append(.write(start: start, count: count, isEmitted: true, isControl: false))
    } catch {
      result.emitted.removeSubrange(start...)
      result.counts.errors += 1
      result.counts.reason = result.counts.reason ?? "--emit: \(error)"
      result.counts.matched -= 1
      if settings.onError == .fail {
        result.events.append(.failure(number: number(), "--emit: \(error)"))
      }
    }
  }
}
