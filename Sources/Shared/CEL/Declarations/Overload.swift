// SPDX-License-Identifier: Apache-2.0

/// One signature of a function, and what it does.
///
/// Arguments reach an implementation decoded (never `.foreign`). An implementation is total: it throws an
/// ``EvaluationError`` for what it cannot do, and it does not trap.
public struct Overload: Sendable {
  /// A name of its own, such as `string_index_of_string`.
  public let id: String
  /// Whether the first parameter is what the function is called on: `target.name(…)`.
  public let isMember: Bool
  /// The parameters, the target of a member function first.
  public let parameters: [ValueType]
  /// The type of the result; may name the type parameters of `parameters`.
  public let result: ValueType
  /// What it costs beyond 1.
  public let cost: Cost
  let implementation: Implementation?
  /// The same for a function that takes a regular expression, which is compiled beforehand when it is a constant.
  let pattern: PatternImplementation?
  /// Whether a call with constant arguments that fails is refused when it is compiled, as `duration('5 m')` is.
  private(set) var failsEarly = false

  /// The same overload, refused when it is compiled if its arguments are constants with which it fails.
  public func failingEarly() -> Overload {
    var result = self
    result.failsEarly = true
    return result
  }

  /// What runs.
  public enum Implementation: Sendable {
    case nullary(@Sendable () throws(EvaluationError) -> Value)
    case unary(@Sendable (Value) throws(EvaluationError) -> Value)
    case binary(@Sendable (Value, Value) throws(EvaluationError) -> Value)
    case ternary(@Sendable (Value, Value, Value) throws(EvaluationError) -> Value)
    case variadic(@Sendable ([Value]) throws(EvaluationError) -> Value)
    /// Any number of arguments, and what the evaluation may still spend: for functions whose cost only shows while they
    /// run. It comes on top of ``Overload/cost``.
    case metered(@Sendable ([Value], inout Meter) throws(EvaluationError) -> Value)
  }

  /// What runs with a compiled pattern.
  struct PatternImplementation: Sendable {
    /// Which argument is the pattern.
    let argument: Int
    let body: @Sendable ([Value], Regex, inout Meter) throws(EvaluationError) -> Value
  }

  /// What a call costs, counted before it runs, so that no call can outrun the limit.
  public enum Cost: Sendable {
    /// Nothing beyond the call itself.
    case constant
    /// Three times the sizes of all arguments, which are bytes/10 of a string and the values in a list or map: for
    /// functions that go over their arguments once, and may make something as large.
    case linear
    /// The product of the sizes of the first two arguments, as for `sets.contains`.
    case product
    /// Whatever this says, from the arguments.
    case custom(@Sendable ([Value]) -> Int)

    /// The same for all arguments.
    public static func constantly(_ steps: Int) -> Cost { .custom { _ in steps } }
  }

  /// An overload from an untyped implementation; nil declares without implementing, for checking only.
  public init(
    _ id: String, member isMember: Bool = false, _ parameters: [ValueType], returns result: ValueType,
    cost: Cost = .constant, _ implementation: Implementation?
  ) {
    self.id = id
    self.isMember = isMember
    self.parameters = parameters
    self.result = result
    self.cost = cost
    self.implementation = implementation
    self.pattern = nil
  }

  /// An overload of which an argument is a regular expression.
  init(
    _ id: String, member isMember: Bool = false, _ parameters: [ValueType], returns result: ValueType,
    pattern argument: Int,
    _ body: @escaping @Sendable ([Value], Regex, inout Meter) throws(EvaluationError) -> Value
  ) {
    self.id = id
    self.isMember = isMember
    self.parameters = parameters
    self.result = result
    self.cost = .constant
    self.implementation = .metered { arguments, meter throws(EvaluationError) in
      guard arguments.indices.contains(argument), case .string(let pattern) = arguments[argument] else {
        throw .noMatchingOverload
      }
      return try body(arguments, try RuntimePatterns.regex(pattern, &meter), &meter)
    }
    self.pattern = PatternImplementation(argument: argument, body: body)
  }
}

/// Overloads from typed closures. The types are taken from the closure where it fixes them; a ``ListValue``,
/// ``MapValue`` or ``Value`` stands for `list(dyn)`, `map(dyn, dyn)` and `dyn` unless `parameters` says more.
extension Overload {
  /// An overload without parameters.
  public static func nullary<R: ValueConvertible>(
    _ id: String, returns result: ValueType = R.valueType,
    _ body: @escaping @Sendable () throws(EvaluationError) -> R
  ) -> Overload {
    Overload(
      id, [], returns: result, .nullary { () throws(EvaluationError) -> Value in try body().celValue })
  }

  /// An overload of one parameter.
  public static func unary<A: ValueConvertible, R: ValueConvertible>(
    _ id: String, member: Bool = false, _ parameter: ValueType = A.valueType,
    returns result: ValueType = R.valueType, cost: Cost = .constant,
    _ body: @escaping @Sendable (A) throws(EvaluationError) -> R
  ) -> Overload {
    Overload(
      id, member: member, [parameter], returns: result, cost: cost,
      .unary { (a: Value) throws(EvaluationError) -> Value in try body(A.from(a)).celValue })
  }

  /// An overload of two parameters.
  public static func binary<A: ValueConvertible, B: ValueConvertible, R: ValueConvertible>(
    _ id: String, member: Bool = false, _ first: ValueType = A.valueType, _ second: ValueType = B.valueType,
    returns result: ValueType = R.valueType, cost: Cost = .constant,
    _ body: @escaping @Sendable (A, B) throws(EvaluationError) -> R
  ) -> Overload {
    Overload(
      id, member: member, [first, second], returns: result, cost: cost,
      .binary { (a: Value, b: Value) throws(EvaluationError) -> Value in
        try body(A.from(a), B.from(b)).celValue
      })
  }

  /// An overload of three parameters.
  public static func ternary<
    A: ValueConvertible, B: ValueConvertible, C: ValueConvertible, R: ValueConvertible
  >(
    _ id: String, member: Bool = false, _ first: ValueType = A.valueType, _ second: ValueType = B.valueType,
    _ third: ValueType = C.valueType, returns result: ValueType = R.valueType, cost: Cost = .constant,
    _ body: @escaping @Sendable (A, B, C) throws(EvaluationError) -> R
  ) -> Overload {
    Overload(
      id, member: member, [first, second, third], returns: result, cost: cost,
      .ternary { (a: Value, b: Value, c: Value) throws(EvaluationError) -> Value in
        try body(A.from(a), B.from(b), C.from(c)).celValue
      })
  }
}
