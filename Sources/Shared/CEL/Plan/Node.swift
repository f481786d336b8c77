// SPDX-License-Identifier: Apache-2.0

/// A node of a plan. Subclasses are final and specialised; a plan is a tree of them, immutable and shared by threads.
class Node: @unchecked Sendable {
  // Unchecked because subclassing forbids the check: every stored property of every subclass is a `let`.

  /// Where the expression stands, as a UTF-8 offset.
  let offset: Int32

  init(offset: Int) { self.offset = Int32(truncatingIfNeeded: offset) }

  /// The value; may be foreign.
  func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value { .null }

  /// The value where a bool is wanted.
  func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    guard case .bool(let result) = try evaluate(&activation) else { throw .noMatchingOverload }
    return result
  }
}
