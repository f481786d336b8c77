// SPDX-License-Identifier: Apache-2.0

/// `left && right` and `left || right`. If one operand decides the result, an error of the other is ignored.
final class LogicNode: Node, @unchecked Sendable {
  let left: Node
  let right: Node
  /// The operand value that decides the result: false for `&&`, true for `||`.
  let deciding: Bool

  init(_ expression: Expr, _ left: Node, _ right: Node, deciding: Bool) {
    self.left = left
    self.right = right
    self.deciding = deciding
    super.init(offset: expression.offset, cost: left.cost + right.cost + 1)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    do throws(EvaluationError) {
      if try left.evaluateBool(&activation) == deciding { return deciding }
    } catch {
      if error.isAbsorbable, try right.isSurely(deciding, &activation) { return deciding }
      throw error
    }
    return try right.evaluateBool(&activation)
  }
}

extension Node {
  /// Whether the node evaluates to this bool. A failure counts as no, unless the cost limit is exceeded.
  fileprivate func isSurely(_ wanted: Bool, _ activation: inout Activation) throws(EvaluationError) -> Bool {
    do throws(EvaluationError) { return try evaluateBool(&activation) == wanted } catch {
      guard error.isAbsorbable else { throw error }
      return false
    }
  }
}

/// `!operand`
final class NotNode: Node, @unchecked Sendable {
  let operand: Node

  init(_ expression: Expr, _ operand: Node) {
    self.operand = operand
    super.init(offset: expression.offset, cost: operand.cost + 1)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    try !operand.evaluateBool(&activation)
  }
}

/// `condition ? then : otherwise`
final class ConditionalNode: Node, @unchecked Sendable {
  let condition: Node
  let then: Node
  let otherwise: Node

  init(_ expression: Expr, _ condition: Node, _ then: Node, _ otherwise: Node) {
    self.condition = condition
    self.then = then
    self.otherwise = otherwise
    super.init(offset: expression.offset, cost: condition.cost + max(then.cost, otherwise.cost) + 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    try condition.evaluateBool(&activation)
      ? then.evaluate(&activation) : otherwise.evaluate(&activation)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    try condition.evaluateBool(&activation)
      ? then.evaluateBool(&activation) : otherwise.evaluateBool(&activation)
  }
}

/// `@not_strictly_false(operand)`: false if the operand is false; true if it is true or fails.
final class NotStrictlyFalseNode: Node, @unchecked Sendable {
  let operand: Node

  init(_ expression: Expr, _ operand: Node) {
    self.operand = operand
    super.init(offset: expression.offset, cost: operand.cost + 1)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    try !operand.isSurely(false, &activation)
  }
}
