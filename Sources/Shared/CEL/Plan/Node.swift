// SPDX-License-Identifier: Apache-2.0

/// A node of a plan. Subclasses are final and specialised; a plan is a tree of them, immutable and shared by threads.
class Node: @unchecked Sendable {
  // Unchecked because subclassing forbids the check: every stored property of every subclass is a `let`. A protocol with
  // final classes would be checked, but calls through it make arithmetic a quarter slower (Benchmarks/cel).

  /// Where the expression stands, as a UTF-8 offset.
  let offset: Int32
  /// What evaluating costs when every part runs once. A loop charges its body again for each element, a call charges
  /// for the size of its arguments; everything else is paid for in one sum before evaluation begins.
  let cost: Int

  init(offset: Int, cost: Int) {
    self.offset = Int32(truncatingIfNeeded: offset)
    self.cost = cost
  }

  convenience init(_ expression: Expr, _ children: Node...) {
    self.init(offset: expression.offset, cost: children.reduce(1) { $0 + $1.cost })
  }

  /// The value; may be foreign.
  func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    .bool(try evaluateBool(&activation))
  }

  /// The value where a bool is wanted.
  func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    guard case .bool(let result) = try evaluate(&activation) else { throw error(.noMatchingOverload) }
    return result
  }

  /// The value, when it is known without evaluating.
  var constant: Value? { nil }

  /// A failure at this node.
  func error(_ code: EvaluationError.Code, _ detail: String = "") -> EvaluationError {
    var error = EvaluationError(code, detail)
    error.offset = offset
    return error
  }
}

extension Activation {
  /// Takes from what may still be spent.
  @inline(__always)
  mutating func spend(_ amount: Int) throws(EvaluationError) {
    try meter.spend(amount)
  }
}

extension Activation {
  /// Pays for what a foreign value's source has had to read.
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
  /// Pays for what the sources of variables have had to read, through whatever value: a loop does so for each turn, because
  /// functions that are given a list of foreign values read those too.
  @inline(__always)
  mutating func settleSources() throws(EvaluationError) {
    guard let source else { return }
    try settle(source)
    for other in otherSources { try settle(other) }
  }
}

extension EvaluationError {
  /// Whether `||`, `&&`, `all` and `exists` may continue after it.
  var isAbsorbable: Bool { code != .costLimitExceeded }

  func located(at offset: Int32) -> EvaluationError {
    guard self.offset < 0 else { return self }
    var result = self
    result.offset = offset
    return result
  }
}

/// A value known beforehand.
final class ConstantNode: Node, @unchecked Sendable {
  let value: Value

  init(offset: Int, _ value: Value) {
    self.value = value
    super.init(offset: offset, cost: 0)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value { value }
  override var constant: Value? { value }
}

/// A variable of the environment, or a path that the caller has looked up beforehand.
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

/// `has(path)` of a path that the caller has looked up beforehand.
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

/// What always fails: a name or function that is declared nowhere, in an expression that was not checked.
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
