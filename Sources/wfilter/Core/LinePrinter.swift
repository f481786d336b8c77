// SPDX-License-Identifier: Apache-2.0

import CEL
import Encoding
import Events
import Filter
import JSON

/// Adds a selected line to a block's result: edited, emitted, counted. One per thread.
final class LinePrinter {
  private let editor: LineEditor?
  private let diff: DiffPrinter?
  private let printed: PrintedLines?
  private let emitters: [LineEvaluator]
  private let configuration: Configuration
  private let emitsOld: Bool
  /// Whether the output depends on a line being an event, which its ``Source`` then states.
  let distinguishesEvents: Bool
  private let isRaw: Bool
  private let printsBytes: Bool
  private let emitBit: UInt64
  private let pathBits: [UInt64]
  /// The number of matching lines to end after; nil for no limit.
  var limit: UInt64?

  init(_ expressions: Expressions, _ configuration: Configuration) {
    self.configuration = configuration
    emitters = expressions.emit.map { LineEvaluator($0) }
    emitsOld = expressions.emit.contains(where: \.usesOld)
    isRaw = configuration.emitsRaw
    let (hidden, dropped) = (configuration.redactions, configuration.drops)
    editor = hidden.isEmpty && dropped.isEmpty ? nil : LineEditor(hidden: hidden, dropped: dropped)
    let holdsLines = configuration.state.throttle != nil || configuration.state.debounce != nil
    printed = holdsLines ? PrintedLines(expressions, configuration) : nil
    distinguishesEvents = printed != nil || emitters.contains(where: \.distinguishesEvents)
    diff = configuration.printsDiff ? DiffPrinter(expressions, configuration) : nil
    printsBytes = !configuration.countsOnly && !configuration.isQuiet
    emitBit = expressions.bits.emit
    pathBits = expressions.bits.paths
  }

  /// A line to print: without its newline, ``JSONCursor/padding`` readable bytes after it.
  @safe struct Source {
    var bytes: UnsafeRawBufferPointer
    /// Its range in the block, including its newline; nil if it is not a line of the block.
    var range: Range<Int>?
    /// The head of a line of the block. For other lines it is not known.
    var head: EventHead?
  }

  /// Prints a line that matches; counts it if it is printed.
  @inline(__always)
  func match(
    _ source: Source, _ context: LineContext, number: Int?, into result: inout BlockResult
  ) {
    guard !result.isSatisfied else { return }
    if editor == nil, emitters.isEmpty, diff == nil {
      unsafe write(source.bytes, source.range, &result)
    } else {
      guard edit(source, context, number, emits: true, &result) else { return }
    }
    result.counts.matched += 1
    if result.counts.matched == limit { result.isSatisfied = true }
  }

  /// Prints a control line, with redacted values hidden.
  func pass(_ source: Source, number: Int?, into result: inout BlockResult) {
    guard !result.isSatisfied else { return }
    if editor == nil, diff == nil {
      unsafe write(source.bytes, source.range, &result)
    } else {
      _ = edit(source, LineContext(), number, emits: false, &result)
    }
  }

  /// Prints a whole line of our own.
  func append(_ line: [UInt8], into result: inout BlockResult) {
    guard !result.isSatisfied, printsBytes else { return }
    let start = result.storage.count
    result.storage += line
    result.appendStored(from: start)
    result.counts.written += 1
  }

  /// Redacts the line, then prints it or the result of `--emit`. False if nothing is printed.
  private func edit(
    _ source: Source, _ context: LineContext, _ number: Int?, emits: Bool, _ result: inout BlockResult
  ) -> Bool {
    var hidden: UInt64 = 0
    switch unsafe editor?.edit(source.bytes, found: &hidden) {
    case nil, .unchanged:
      noteSought(hidden, &result)
      return print(source, context, number, emits, &result)
    case .changed(let line):
      noteSought(hidden, &result)
      return unsafe line.withUnsafeBytes {
        print(unsafe Source(bytes: $0, range: nil), context, number, emits, &result)
      }
    case .withheld:
      result.counts.withheld += 1
      return false
    }
  }

  private func noteSought(_ hidden: UInt64, _ result: inout BlockResult) {
    for (index, bit) in pathBits.enumerated() {
      result.counts.sought |= bit
      if hidden & (1 << UInt64(index & 63)) != 0 { result.counts.found |= bit }
    }
  }

  private func print(
    _ source: Source, _ context: LineContext, _ number: Int?, _ emits: Bool, _ result: inout BlockResult
  ) -> Bool {
    if let diff {
      unsafe append(diff, source.bytes, &result)
      return true
    }
    guard emits, !emitters.isEmpty else {
      unsafe write(source.bytes, source.range, &result)
      return true
    }
    guard let value = unsafe RawJSON(padded: source.bytes) else { return false }
    let isOfBlock = source.range != nil
    let head = isOfBlock ? source.head : distinguishesEvents ? EventHead(value) : nil
    guard let printed else { return emit(value, head, context, number, &result) }
    return printed.replacingOld(in: context, value, head) { emit(value, head, $0, number, &result) }
  }

  /// Prints the values of `--emit`. False where one has none.
  private func emit(
    _ value: RawJSON, _ head: EventHead?, _ context: LineContext, _ number: Int?, _ result: inout BlockResult
  ) -> Bool {
    let start = result.storage.count
    // The first line of a key has no `old`.
    let bit = context.old != nil || !emitsOld ? emitBit : 0
    result.counts.sought |= bit
    var index = 0
    do throws(EvaluationError) {
      while index < emitters.count {
        if index > 0 { result.storage.append(UInt8(ascii: "\t")) }
        try emitters[index].appendValue(
          value, head: head, context: context, isRaw: isRaw, to: &result.storage)
        index += 1
      }
    } catch {
      result.storage.removeSubrange(start...)
      result.counts.errors += 1
      result.counts.note(bit, emitters[index].text(of: error))
      if configuration.onError == .fail, result.ending == nil {
        let text = "--emit: \(emitters[index].text(of: error))"
        result.messages.append(.init(level: .error, line: number, text: text))
        result.ending = .badInput
      }
      return false
    }
    result.counts.found |= emitBit
    guard printsBytes else {
      result.storage.removeSubrange(start...)
      return true
    }
    result.storage.append(0x0A)
    result.appendStored(from: start)
    result.counts.written += 1
    return true
  }

  private func append(_ diff: DiffPrinter, _ line: UnsafeRawBufferPointer, _ result: inout BlockResult) {
    guard let value = unsafe RawJSON(padded: line) else { return }
    let start = result.storage.count
    diff.append(value, at: .now, to: &result.storage)
    guard printsBytes, result.storage.count > start else { return result.storage.removeSubrange(start...) }
    result.appendStored(from: start)
    result.counts.written += 1
  }

  @inline(__always)
  private func write(_ line: UnsafeRawBufferPointer, _ range: Range<Int>?, _ result: inout BlockResult) {
    guard printsBytes else { return }
    result.counts.written += 1
    if let range { return result.append(range) }
    let start = result.storage.count
    unsafe result.storage.append(contentsOf: line)
    result.storage.append(0x0A)
    result.appendStored(from: start)
  }
}
