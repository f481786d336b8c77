// SPDX-License-Identifier: Apache-2.0

/// A node of a plan. A plan is an immutable tree of nodes that any number of threads can use. Subclasses are
/// final and specialised.
class Node: @unchecked Sendable {
  // Unchecked, because the compiler cannot check a class with subclasses. Every stored property of every
  // subclass is a `let`. A protocol with final classes could be checked, but calls through it make arithmetic
  // a quarter slower (Benchmarks/cel).

  /// The position of the expression in the source, as a UTF-8 offset.
  let offset: Int32
  /// The cost of an evaluation that runs every part once, which is charged before the evaluation begins. In
  /// addition, a loop charges its body for each element, and a call charges for the size of its arguments.
  let cost: Int

  init(offset: Int, cost: Int) {
    self.offset = Int32(truncatingIfNeeded: offset)
    self.cost = cost
  }

  /// The value, which may be foreign.
  func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    .bool(try evaluateBool(&activation))
  }

  /// The value, if it must be a bool.
  func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    let value = try evaluate(&activation)
    guard case .bool(let result) = value else { throw notBool(value) }
    return result
  }

  @inline(never)
  private func notBool(_ value: Value) -> EvaluationError {
    error(.noMatchingOverload, "\(value.typeName) is not a bool")
  }

  /// The value, if it is a constant.
  var constant: Value? { nil }

  /// An error at this node.
  func error(_ code: EvaluationError.Code, _ detail: String = "") -> EvaluationError {
    var error = EvaluationError(code, detail)
    error.offset = offset
    return error
  }

  /// The failure of an operator between values that it does not take.
  @inline(never)
  func mismatch(_ symbol: String, _ left: Value, _ right: Value) -> EvaluationError {
    error(.noMatchingOverload, "\(left.typeName) \(symbol) \(right.typeName)")
  }

  /// The failure of a function with values that it does not take.
  @inline(never)
  func mismatch(_ function: String, _ arguments: [Value]) -> EvaluationError {
    let types = arguments.map(\.typeName.description).joined(separator: ", ")
    return error(.noMatchingOverload, "\(CallText.name(function))(\(types))")
  }
}

extension Activation {
  /// Takes steps from the remaining cost.
  @inline(__always)
  mutating func spend(_ amount: Int) throws(EvaluationError) {
    try meter.spend(amount)
  }
}

extension Activation {
  /// Charges for the bytes that the source of a foreign value has read.
  @inline(__always)
  mutating func settle(_ value: Value) throws(EvaluationError) {
    if case .foreign(let foreign) = value { try settle(foreign.source) }
  }

  @inline(__always)
  mutating func settle(_ source: ForeignSource) throws(EvaluationError) {
    let work = source.work
    guard work != 0 else { return }
    source.work = 0
    try spend(work)
  }
}

extension Activation {
  /// Charges for the bytes that the sources of variables have read. A loop calls this in each iteration,
  /// because functions also read foreign values that are inside a list.
  @inline(__always)
  mutating func settleSources() throws(EvaluationError) {
    guard let source else { return }
    try settle(source)
    for other in otherSources { try settle(other) }
  }

  /// Whether two values are equal. A comparison of foreign values stops when it exceeds the remaining cost.
  @inline(__always)
  mutating func areEqual(_ left: Value, _ right: Value) throws(EvaluationError) -> Bool {
    let cost = left.costOfComparing(with: right)
    guard cost > 0 else {
      let isEqual = left == right
      try settle(left)
      try settle(right)
      return isEqual
    }
    try spend(cost)
    limitWork(to: meter.remaining)
    defer { limitWork(to: .max) }
    let isEqual = left == right
    try settleSources()
    return isEqual
  }
}

extension EvaluationError {
  /// Whether `||`, `&&`, `all` and `exists` can ignore the error.
  var isAbsorbable: Bool { code != .costLimitExceeded }

  func located(at offset: Int32) -> EvaluationError {
    guard self.offset < 0 else { return self }
    var result = self
    result.offset = offset
    return result
  }
}

/// A constant.
final class ConstantNode: Node, @unchecked Sendable {
  let value: Value

  init(offset: Int, _ value: Value) {
    self.value = value
    super.init(offset: offset, cost: 0)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value { value }
  override var constant: Value? { value }
}

/// A variable of the environment, or a path whose value the caller sets before the evaluation.
final class SlotNode: Node, @unchecked Sendable {
  let slot: Int
  let name: String

  init(offset: Int, slot: Int, name: String) {
    self.slot = slot
    self.name = name
    super.init(offset: offset, cost: 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    guard activation.absences[slot] == .present else { throw absent(activation) }
    return activation.values[slot]
  }

  @inline(never)
  private func absent(_ activation: Activation) -> EvaluationError {
    if let error = activation.errors?[slot] { return error }
    switch activation.absences[slot] {
    case .present, .unset: return error(.undeclaredReference, name)
    case .missingKey, .missingParent: return error(.noSuchKey, name)
    case .scalarParent, .listParent: return error(.noMatchingOverload, name)
    }
  }
}

/// `has(path)` of a path whose value the caller sets before the evaluation.
final class SlotPresenceNode: Node, @unchecked Sendable {
  let slot: Int
  let name: String
  let isFalseForScalars: Bool

  init(offset: Int, slot: Int, name: String, isFalseForScalars: Bool) {
    self.slot = slot
    self.isFalseForScalars = isFalseForScalars
    self.name = name
    super.init(offset: offset, cost: 1)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    switch activation.absences[slot] {
    case .present: return true
    case .missingKey: return false
    case .missingParent: throw error(.noSuchKey, name)
    case .scalarParent where isFalseForScalars: return false
    case .scalarParent, .listParent: throw error(.noMatchingOverload, name)
    case .unset: throw error(.undeclaredReference, name)
    }
  }
}

/// A variable of a comprehension.
final class LocalNode: Node, @unchecked Sendable {
  let index: Int

  init(offset: Int, index: Int) {
    self.index = index
    super.init(offset: offset, cost: 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    activation.locals[index]
  }
}

/// A node that always fails: an undeclared name or function in an expression that was not checked.
final class FailureNode: Node, @unchecked Sendable {
  let failure: EvaluationError

  init(offset: Int, _ code: EvaluationError.Code, _ detail: String) {
    var failure = EvaluationError(code, detail)
    failure.offset = Int32(truncatingIfNeeded: offset)
    self.failure = failure
    super.init(offset: offset, cost: 0)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value { throw failure }
}
