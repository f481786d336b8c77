// SPDX-License-Identifier: Apache-2.0

/// A compiled expression. It can be evaluated any number of times, by any number of threads.
public struct Program: Sendable {
  /// The type of the result, from the checker; `.dyn` without checks.
  public var resultType: ValueType { content.resultType }
  /// The slots of the variables that the program reads.
  public var usedSlots: [Int] { content.usedSlots }
  /// The least cost of an evaluation, in steps, for any data. With a lower limit no evaluation can succeed,
  /// so an untrusted program can be refused before it runs.
  public var minimumCost: Int { root.cost }

  var root: Node { content.root }

  /// All parts in one object, so that copying a program retains only one reference.
  private let content: Content

  private final class Content: Sendable {
    let resultType: ValueType
    let usedSlots: [Int]
    let root: Node
    let identity: Environment.Identity
    let localCount: Int
    let defaultCostLimit: Int

    init(
      _ resultType: ValueType, _ usedSlots: [Int], _ root: Node,
      _ identity: Environment.Identity, _ localCount: Int, _ defaultCostLimit: Int
    ) {
      self.resultType = resultType
      self.usedSlots = usedSlots
      self.root = root
      self.identity = identity
      self.localCount = localCount
      self.defaultCostLimit = defaultCostLimit
    }
  }

  init(
    resultType: ValueType, usedSlots: [Int], root: Node,
    identity: Environment.Identity, localCount: Int, defaultCostLimit: Int
  ) {
    content = Content(resultType, usedSlots, root, identity, localCount, defaultCostLimit)
  }

  /// Evaluates the expression with the values of an activation.
  ///
  /// Cost is counted in steps: about one for each operation, each element that is visited or created, and
  /// each ten bytes of string that are read. `costLimit` bounds time and memory together. The default is the
  /// environment's limit.
  ///
  /// - Throws: ``EvaluationError``; `wrongActivation` if the activation belongs to another environment, or
  ///   has a name or a value that its environment does not declare
  public func evaluate(_ activation: inout Activation, costLimit: Int? = nil) throws(EvaluationError) -> Value
  {
    try prepare(&activation, costLimit)
    let result = try root.evaluate(&activation)
    // The caller will print or copy the whole result, so its weight is charged too.
    try activation.spend(result.weight)
    return result
  }

  /// Evaluates an expression whose result must be a bool.
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
