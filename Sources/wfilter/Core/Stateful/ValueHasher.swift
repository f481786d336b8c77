// SPDX-License-Identifier: Apache-2.0

import CEL
import Events
import Filter
import JSON

/// Hashes the values of an expression, so that equal values have equal hashes. For one thread.
struct ValueHasher {
  private let evaluator: LineEvaluator
  /// Kept to reuse its memory.
  private var bytes: [UInt8] = []

  init(_ expression: LineFilter) { evaluator = LineEvaluator(expression) }

  /// The hash of the expression's value for a line.
  mutating func hash(
    _ line: RawJSON, head: EventHead?, context: LineContext
  ) throws(EvaluationError) -> KeyHash {
    if let scalar = unsafe evaluator.scalar(line, head: head) { return unsafe KeyHash(scalar) }
    return KeyHash(try value(line, head: head, context: context))
  }

  /// The value as JSON, with the fewest possible escapes.
  mutating func value(
    _ line: RawJSON, head: EventHead?, context: LineContext
  ) throws(EvaluationError) -> [UInt8] {
    bytes.removeAll(keepingCapacity: true)
    try evaluator.appendValue(line, head: head, context: context, isRaw: false, to: &bytes)
    JSONText.normalizeEscapes(in: &bytes)
    return bytes
  }

  /// False if the expression reads `old`, and the line is the first one of its key.
  func hasItsOld(_ context: LineContext) -> Bool { evaluator.hasItsOld(context) }

  /// The text of an error, for a message.
  func text(of error: EvaluationError) -> String { evaluator.text(of: error) }
}
