// SPDX-License-Identifier: Apache-2.0

/// A compiled expression, ready to be evaluated any number of times, from any number of threads.
public struct Program: Sendable {
  /// The type the checker found; `.dyn` without checks.
  public var resultType: ValueType { content.resultType }
  /// The slots of the variables it reads.
  public var usedSlots: [Int] { content.usedSlots }
  /// What every evaluation costs, whatever the data: with a lower limit none can have a value, so that a program from a
  /// stranger may be refused beforehand.
  public var minimumCost: Int { root.cost }

  /// The expression after parsing and checking.
  package var checked: CheckedExpression { content.checked }
  var root: Node { content.root }

  /// All of it in one object: copying a program, as reading one from a property does, counts one reference.
  private let content: Content

  private final class Content: Sendable {
    let resultType: ValueType
    let usedSlots: [Int]
    let checked: CheckedExpression
    let root: Node
    let identity: Environment.Identity
    let localCount: Int
    let defaultCostLimit: Int

    init(
      _ resultType: ValueType, _ usedSlots: [Int], _ checked: CheckedExpression, _ root: Node,
      _ identity: Environment.Identity, _ localCount: Int, _ defaultCostLimit: Int
    ) {
      self.resultType = resultType
      self.usedSlots = usedSlots
      self.checked = checked
      self.root = root
      self.identity = identity
      self.localCount = localCount
      self.defaultCostLimit = defaultCostLimit
    }
  }

  init(
    resultType: ValueType, usedSlots: [Int], checked: CheckedExpression, root: Node,
    identity: Environment.Identity, localCount: Int, defaultCostLimit: Int
  ) {
    content = Content(resultType, usedSlots, checked, root, identity, localCount, defaultCostLimit)
  }

  /// Evaluates with these values.
  ///
  /// Cost is counted in steps: about one for each operation carried out, one for each element walked or made, one
  /// for each ten bytes of string work. `costLimit` bounds time and memory together; the default is the environment's.
  ///
  /// - Throws: ``EvaluationError``; `wrongActivation` if the activation was made for another environment, or was given a
  ///   name or a value that its environment does not declare
  public func evaluate(_ activation: inout Activation, costLimit: Int? = nil) throws(EvaluationError) -> Value
  {
    try prepare(&activation, costLimit)
    let result = try root.evaluate(&activation)
    // Printing or copying the result walks all of it.
    if result.weight > activation.meter.remaining {
      throw EvaluationError(.costLimitExceeded)
    }
    return result
  }

  /// Evaluates an expression that must give a bool.
  ///
  /// - Throws: ``EvaluationError``, `noMatchingOverload` for a result of another type
  public func test(_ activation: inout Activation, costLimit: Int? = nil) throws(EvaluationError) -> Bool {
    try prepare(&activation, costLimit)
    return try root.evaluateBool(&activation)
  }

  @inline(__always)
  private func prepare(_ activation: inout Activation, _ costLimit: Int?) throws(EvaluationError) {
    guard activation.identity === content.identity, activation.fault == nil else {
      throw activation.misuse(content.identity)
    }
    activation.meter = Meter(costLimit ?? content.defaultCostLimit)
    activation.forgetWork()
    try activation.spend(root.cost)
    if activation.locals.count < content.localCount {
      activation.locals.append(
        contentsOf: repeatElement(.null, count: content.localCount - activation.locals.count))
    }
  }
}
