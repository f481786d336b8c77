// SPDX-License-Identifier: Apache-2.0

/// `range.map(x, transform)`, `range.filter(x, predicate)`, `range.transformList(i, x, …)`
final class ListFoldNode: Node, @unchecked Sendable {
  let range: Node
  let predicate: Node?
  let transform: Node
  let variables: FoldVariables
  private let stepCost: Int

  init(_ offset: Int, _ range: Node, _ predicate: Node?, _ transform: Node, _ variables: FoldVariables) {
    self.range = range
    self.predicate = predicate
    self.transform = transform
    self.variables = variables
    self.stepCost = (predicate?.cost ?? 0) + transform.cost + 1 + Steps.element
    super.init(offset: offset, cost: range.cost + Steps.making(elements: 0))
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    var walk = try start(range, variables, &activation)
    var result: [Value] = []
    var weight = 1
    while try walk.next(&activation) {
      try activation.spend(stepCost)
      if let predicate, try !predicate.evaluateBool(&activation) { continue }
      let value = try transform.evaluate(&activation)
      weight = weight.addingSaturated(value.weight)
      result.append(value)
    }
    return .list(ListValue(result, weight: weight))
  }
}

/// `range.transformMap(k, v, …)` and `range.transformMapEntry(k, v, …)`
final class MapFoldNode: Node, @unchecked Sendable {
  let range: Node
  let predicate: Node?
  /// The key of each entry; nil if the transform returns entries as a map.
  let key: Node?
  let transform: Node
  let variables: FoldVariables
  private let stepCost: Int

  init(
    _ offset: Int, _ range: Node, _ predicate: Node?, key: Node?, _ transform: Node,
    _ variables: FoldVariables
  ) {
    self.range = range
    self.predicate = predicate
    self.key = key
    self.transform = transform
    self.variables = variables
    self.stepCost = (predicate?.cost ?? 0) + (key?.cost ?? 0) + transform.cost + 1
    super.init(offset: offset, cost: range.cost + Steps.making(entries: 0))
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    var walk = try start(range, variables, &activation)
    var builder = MapBuilder()
    while try walk.next(&activation) {
      try activation.spend(stepCost)
      if let predicate, try !predicate.evaluateBool(&activation) { continue }
      let key = try key?.evaluate(&activation)
      let value = try transform.evaluate(&activation)
      do throws(EvaluationError) {
        if let key {
          try activation.spend(Steps.entry + key.costAsKey)
          try builder.add(key, value)
          continue
        }
        guard case .map(let entries) = value.native else { throw .noMatchingOverload }
        for entry in entries.entries {
          try activation.spend(Steps.entry + entry.key.costAsKey)
          try builder.add(entry.key, entry.value)
        }
      } catch { throw error.located(at: offset) }
    }
    return .map(MapValue(unique: builder.entries))
  }
}

/// `cel.bind(x, value, body)`. The value is evaluated when it is first read.
final class BindNode: Node, @unchecked Sendable {
  let index: Int
  let body: Node

  init(_ offset: Int, index: Int, _ body: Node) {
    self.index = index
    self.body = body
    super.init(offset: offset, cost: body.cost + 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    activation.locals[index] = PendingBinding.unread
    return try body.evaluate(&activation)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    activation.locals[index] = PendingBinding.unread
    return try body.evaluateBool(&activation)
  }
}

/// A variable of `cel.bind`.
final class BoundNode: Node, @unchecked Sendable {
  let index: Int
  let value: Node

  init(offset: Int, index: Int, _ value: Node) {
    self.index = index
    self.value = value
    super.init(offset: offset, cost: 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    let known = activation.locals[index]
    guard case .opaque(let mark) = known, let pending = mark as? PendingBinding else { return known }
    if let error = pending.error { throw error }
    try activation.spend(value.cost)
    do throws(EvaluationError) {
      let result = try value.evaluate(&activation)
      activation.locals[index] = result
      return result
    } catch {
      // The failure is kept like a value. If each reader evaluated it again, the work would double with every
      // nested binding.
      if error.isAbsorbable { activation.locals[index] = .opaque(PendingBinding(error)) }
      throw error
    }
  }
}

/// The content of a bound variable that has not been read yet, or whose evaluation has failed.
private final class PendingBinding: OpaqueValue {
  static let unread = Value.opaque(PendingBinding(nil))

  let typeName = "@pending"
  let error: EvaluationError?

  init(_ error: EvaluationError?) { self.error = error }

  func isEqual(to other: any OpaqueValue) -> Bool { self === other }
}

/// A comprehension of any other form, as a library's macro may create.
final class FoldNode: Node, @unchecked Sendable {
  let range: Node
  let initial: Node
  let condition: Node
  let step: Node
  let result: Node
  let variables: FoldVariables
  let accumulator: Int
  private let stepCost: Int

  init(
    _ offset: Int, range: Node, initial: Node, condition: Node, step: Node, result: Node,
    variables: FoldVariables, accumulator: Int
  ) {
    self.range = range
    self.initial = initial
    self.condition = condition
    self.step = step
    self.result = result
    self.variables = variables
    self.accumulator = accumulator
    self.stepCost = condition.cost + step.cost + 1
    super.init(offset: offset, cost: range.cost + initial.cost + result.cost + 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    let first = try initial.evaluate(&activation)
    var walk = try start(range, variables, &activation)
    activation.locals[accumulator] = first
    while try walk.next(&activation) {
      try activation.spend(stepCost)
      guard try condition.evaluateBool(&activation) else { break }
      activation.locals[accumulator] = try step.evaluate(&activation)
    }
    return try result.evaluate(&activation)
  }
}
