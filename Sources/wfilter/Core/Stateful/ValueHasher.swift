// SPDX-License-Identifier: Apache-2.0

import CEL
import Events
import Filter
import JSON

/// Hashes the values of an expression, so that equal values have equal hashes. For one thread.
struct ValueHasher {
  private let evaluator: LineEvaluator
  /// Whether ``bytes`` is wanted.
  private let keepsBytes: Bool
  /// The last value as JSON, with the fewest possible escapes.
  private(set) var bytes: [UInt8] = []

  init(_ expression: LineFilter, keepsBytes: Bool = false) {
    evaluator = LineEvaluator(expression)
    self.keepsBytes = keepsBytes
  }

  /// The hash of the expression's value for a line.
  mutating func hash(
    _ line: RawJSON, head: EventHead?, context: LineContext
  ) throws(EvaluationError) -> KeyHash {
    if !keepsBytes, let scalar = unsafe evaluator.scalar(line, head: head) { return unsafe KeyHash(scalar) }
    bytes.removeAll(keepingCapacity: true)
    try evaluator.appendValue(line, head: head, context: context, isRaw: false, to: &bytes)
    JSONText.normalizeEscapes(in: &bytes)
    return KeyHash(bytes)
  }

  /// The text of an error, for a message.
  func text(of error: EvaluationError) -> String { evaluator.text(of: error) }
}
