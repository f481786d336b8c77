// SPDX-License-Identifier: Apache-2.0

/// A compiled expression, ready to be evaluated any number of times, from any number of threads.
public struct Program: Sendable {
  /// The type the checker found; `.dyn` without checks.
  public let resultType: ValueType
  /// The slots of the variables it reads.
  public let usedSlots: [Int]
  /// What evaluating costs at least and at most; the maximum is `Int.max` where it hangs on the size of the data.
  public let estimatedCost: ClosedRange<Int>

  /// The expression after parsing and checking.
  package let checked: CheckedExpression
  let root: Node
  let localCount: Int
  let defaultCostLimit: Int

  /// Evaluates with these values.
  ///
  /// Cost is counted in steps: about one for each operation carried out, one for each element walked or made, one
  /// for each ten bytes of string work. `costLimit` bounds time and memory together; the default is the environment's.
  ///
  /// - Throws: ``EvaluationError``
  public func evaluate(_ activation: inout Activation, costLimit: Int? = nil) throws(EvaluationError) -> Value
  {
    try prepare(&activation, costLimit)
    let result = try root.evaluate(&activation)
    // Whoever prints or copies the result walks all of it.
    if result.weight.multipliedSaturated(by: 2) > activation.meter.remaining {
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
    activation.meter = Meter(costLimit ?? defaultCostLimit)
    try activation.spend(root.cost)
    if activation.locals.count < localCount {
      activation.locals.append(
        contentsOf: repeatElement(.null, count: localCount - activation.locals.count))
    }
  }
}
