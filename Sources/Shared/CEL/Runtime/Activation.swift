// SPDX-License-Identifier: Apache-2.0

/// The values of an environment's variables for one evaluation, and the working memory of evaluating.
///
/// Made once per thread and used again for every evaluation: setting a slot and evaluating then allocate nothing
/// of their own. Not for two threads at a time.
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
    /// Something on the way is not a map: an error even for `has`.
    case notAMap
  }

  var values: ContiguousArray<Value>
  var absences: ContiguousArray<Absence>
  /// Variables of comprehensions, by the place the plan gave them.
  var locals: ContiguousArray<Value> = []
  /// What may still be spent.
  var meter = Meter(0)
  /// Error values for tests of absorption; nil everywhere else.
  var errors: [Int: EvaluationError]?
  private let names: [String: Int]

  /// The steps that the last evaluation left of its cost limit; negative if it ended because of the limit.
  public var remainingSteps: Int { meter.remaining }

  /// Values for an environment's variables, all unset.
  public init(_ environment: Environment) {
    self.names = environment.slots
    self.values = ContiguousArray(repeating: .null, count: environment.variables.count)
    self.absences = ContiguousArray(repeating: .unset, count: environment.variables.count)
  }

  /// The value in a slot; nil when it has none.
  public subscript(slot: Int) -> Value? {
    get { absences[slot] == .present ? values[slot] : nil }
    set {
      values[slot] = newValue ?? .null
      absences[slot] = newValue == nil ? .unset : .present
    }
  }

  /// The value of a variable; setting a name that the environment does not declare does nothing.
  public subscript(name: String) -> Value? {
    get { names[name].flatMap { self[$0] } }
    set { if let slot = names[name] { self[slot] = newValue } }
  }

  /// Sets a slot without a test for nil.
  @inline(__always)
  package mutating func set(_ slot: Int, _ value: Value) {
    values[slot] = value
    absences[slot] = .present
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
