// SPDX-License-Identifier: Apache-2.0

/// The values of an environment's variables for one evaluation, and the working memory of evaluating.
///
/// Made once per thread and used again for every evaluation: setting a slot and evaluating then allocate nothing
/// of their own. Not for two threads at a time.
///
/// It serves all programs of its environment and no other. A name that the environment does not declare, or a value that
/// is not of the variable's type, makes every evaluation fail with ``EvaluationError/Code/wrongActivation``.
public struct Activation {
  /// Why a slot has no value.
  package enum Absence: UInt8, Sendable {
    /// It has one.
    case present
    /// No value was ever given.
    case unset
    /// The map in which the slot's path ends has no such key: `has` is false.
    case missingKey
    /// A map on the way has no such key: an error even for `has`.
    case missingParent
    /// The path ends directly below a scalar: `has` is false or an error, depending on the dialect.
    case scalarParent
    /// The path ends directly below a list: an error even for `has`.
    case listParent
  }

  var values: ContiguousArray<Value>
  var absences: ContiguousArray<Absence>
  /// Variables of comprehensions, by the place the plan gave them.
  var locals: ContiguousArray<Value> = []
  /// What may still be spent.
  var meter = Meter(0)
  /// Error values for tests of absorption; nil everywhere else.
  var errors: [Int: EvaluationError]?
  /// The sources of foreign values among the variables: most often one.
  private(set) var source: ForeignSource?
  private(set) var otherSources: [ForeignSource] = []
  /// What was set wrongly.
  private(set) var fault: EvaluationError?
  let identity: Environment.Identity
  private let variables: [Variable]
  private let names: [String: Int]

  /// The steps that the last evaluation left of its cost limit; negative if it ended because of the limit.
  public var remainingSteps: Int { meter.remaining }

  /// Values for an environment's variables, all unset.
  public init(_ environment: Environment) {
    self.identity = environment.identity
    self.variables = environment.variables
    self.names = environment.slots
    self.values = ContiguousArray(repeating: .null, count: environment.variables.count)
    self.absences = ContiguousArray(repeating: .unset, count: environment.variables.count)
  }

  /// The value in a slot; nil when it has none.
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

  /// Why a program cannot be evaluated with it.
  func misuse(_ identity: Environment.Identity) -> EvaluationError {
    guard identity === self.identity, let fault else {
      return EvaluationError(.wrongActivation, "it was made for another environment")
    }
    return fault
  }

  /// Sets a slot without a test for nil.
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

  /// What was read before an evaluation is not charged to it.
  mutating func forgetWork() {
    source?.work = 0
    for other in otherSources { other.work = 0 }
  }

  /// Leaves a slot without a value, and says why.
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
  /// Whether a value may be of this type, outermost. Null may stand for a value of any type but a scalar.
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
