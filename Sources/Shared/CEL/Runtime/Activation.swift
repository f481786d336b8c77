// SPDX-License-Identifier: Apache-2.0

/// The values of an environment's variables for one evaluation, and the working memory of evaluating.
///
/// Create one for each thread and use it for all evaluations. Then setting a slot and evaluating allocate no
/// memory. Two threads must not use an activation at the same time.
///
/// An activation can be used with all programs of its environment, and with no others. After setting a name
/// that the environment does not declare, or a value that does not have the variable's type, every evaluation
/// fails with ``EvaluationError/Code/wrongActivation``.
public struct Activation {
  /// Why a slot has no value.
  package enum Absence: UInt8, Sendable {
    /// The slot has a value.
    case present
    /// No value was set.
    case unset
    /// The map at the end of the path has no such key: `has` is false.
    case missingKey
    /// A map earlier in the path has no such key: an error even for `has`.
    case missingParent
    /// The last key of the path is applied to a scalar: `has` is false or an error, depending on the dialect.
    case scalarParent
    /// The last key of the path is applied to a list: an error even for `has`.
    case listParent
  }

  var values: ContiguousArray<Value>
  var absences: ContiguousArray<Absence>
  /// The variables of comprehensions, by their places in the plan.
  var locals: ContiguousArray<Value> = []
  /// The remaining cost of the current evaluation.
  var meter = Meter(0)
  /// Errors as values of variables, for tests of error absorption; nil in all other uses.
  var errors: [Int: EvaluationError]?
  /// The source of foreign values among the variables: usually there is only one.
  private(set) var source: ForeignSource?
  private(set) var otherSources: [ForeignSource] = []
  /// The first wrong assignment.
  private(set) var fault: EvaluationError?
  let identity: Environment.Identity
  private let variables: [Variable]
  private let names: [String: Int]

  /// The remainder of the cost limit after the last evaluation; negative if it reached the limit.
  public var remainingSteps: Int { meter.remaining }

  /// Creates an activation in which no variable has a value.
  public init(_ environment: Environment) {
    self.identity = environment.identity
    self.variables = environment.variables
    self.names = environment.slots
    self.values = ContiguousArray(repeating: .null, count: environment.variables.count)
    self.absences = ContiguousArray(repeating: .unset, count: environment.variables.count)
  }

  /// The value of a slot; nil if it has none.
  public subscript(slot: Int) -> Value? {
    get { absences[slot] == .present ? values[slot] : nil }
    set {
      if let newValue { noteSource(newValue) }
      values[slot] = newValue ?? .null
      absences[slot] = newValue == nil ? .unset : .present
    }
  }

  /// The value of a variable, by name.
  public subscript(name: String) -> Value? {
    get { names[name].flatMap { self[$0] } }
    set {
      guard let slot = names[name] else {
        let meant = Suggestion.nearest(to: name, among: variables.map(\.name))
        let hint = meant.map { ", did you mean '\($0)'?" } ?? ""
        fault = fault ?? EvaluationError(.wrongActivation, "there is no variable '\(name)'\(hint)")
        return
      }
      if let newValue, !variables[slot].type.mayBe(newValue) {
        fault =
          fault
          ?? EvaluationError(
            .wrongActivation, "'\(name)' has the type \(variables[slot].type), not \(newValue.typeName)")
        return
      }
      self[slot] = newValue
    }
  }

  /// The error for a program that cannot be evaluated with this activation.
  func misuse(_ identity: Environment.Identity) -> EvaluationError {
    guard identity === self.identity, let fault else {
      return EvaluationError(.wrongActivation, "it was made for another environment")
    }
    return fault
  }

  /// Sets a slot to a value, without the test for nil of the subscript.
  @inline(__always)
  package mutating func set(_ slot: Int, _ value: Value) {
    noteSource(value)
    values[slot] = value
    absences[slot] = .present
  }

  @inline(__always)
  private mutating func noteSource(_ value: Value) {
    if case .foreign(let foreign) = value, foreign.source !== source { note(foreign.source) }
  }

  @inline(never)
  private mutating func note(_ newSource: ForeignSource) {
    guard source != nil else { return source = newSource }
    if !otherSources.contains(where: { $0 === newSource }) { otherSources.append(newSource) }
  }

  /// Resets the sources' work, so that an evaluation is not charged for earlier reads.
  mutating func forgetWork() {
    source?.work = 0
    for other in otherSources { other.work = 0 }
  }

  /// Limits what the sources may read before it is charged.
  @inline(__always)
  func limitWork(to limit: Int) {
    source?.workLimit = limit
    for other in otherSources { other.workLimit = limit }
  }

  /// Removes the value of a slot, with a reason.
  @inline(__always)
  package mutating func setAbsent(_ slot: Int, _ absence: Absence) { absences[slot] = absence }

  /// Makes reading a variable fail with this error.
  package mutating func setError(_ slot: Int, _ error: EvaluationError) {
    absences[slot] = .unset
    errors = errors ?? [:]
    errors?[slot] = error
  }
}

extension ValueType {
  /// Whether a value can have this type; only the outermost type is tested. Null is valid for all types but
  /// scalars.
  fileprivate func mayBe(_ value: Value) -> Bool {
    guard let name = runtimeName else { return true }
    if value.typeName == name { return true }
    guard case .null = value else { return false }
    switch self {
    case .bool, .int, .uint, .double, .string, .bytes: return false
    default: return true
    }
  }
}
