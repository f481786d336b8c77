// SPDX-License-Identifier: Apache-2.0

/// `optional.or(other)` and `optional.orValue(other)`. The argument is evaluated only if the optional is
/// empty.
final class OptionalOrNode: Node, @unchecked Sendable {
  let operand: Node
  let other: Node
  /// Whether the result is the value instead of an optional (`orValue`).
  let unwraps: Bool

  init(_ expression: Expr, _ operand: Node, _ other: Node, unwraps: Bool) {
    self.operand = operand
    self.other = other
    self.unwraps = unwraps
    super.init(offset: expression.offset, cost: operand.cost + other.cost + 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    let value = try operand.evaluate(&activation)
    guard case .optional(let inner) = value else { throw error(.noMatchingOverload) }
    if let inner { return unwraps ? inner : value }
    let alternative = try other.evaluate(&activation)
    if !unwraps {
      guard case .optional = alternative else { throw error(.noMatchingOverload) }
    }
    return alternative
  }
}
