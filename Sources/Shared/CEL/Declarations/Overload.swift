// SPDX-License-Identifier: Apache-2.0

/// One signature of a function, with its implementation.
///
/// An implementation receives decoded arguments, never `.foreign` ones; elements of a list or map may be
/// foreign, and ``Value/native`` decodes them. It must not trap: it throws an ``EvaluationError`` for
/// arguments that it cannot process. It may be called from several threads at once.
public struct Overload: Sendable {
  /// The overload's unique name, such as `string_index_of_string`.
  public let id: String
  /// Whether the first parameter is the target of the call, `target.name(…)`.
  public let isMember: Bool
  /// The parameters, the target of a member function first.
  public let parameters: [ValueType]
  /// The type of the result. It may use the type parameters of `parameters`.
  public let result: ValueType
  /// The cost of a call, in addition to the 1 that every call costs.
  public let cost: Cost
  let implementation: Implementation?
  /// The implementation for a function that takes a regular expression. A constant pattern is compiled with
  /// the expression.
  let pattern: PatternImplementation?
  /// Whether a failing call with constant arguments, such as `duration('5 m')`, is a compile error.
  private(set) var failsEarly = false

  /// The same overload, but a call that fails with constant arguments is a compile error.
  public func failingEarly() -> Overload {
    var result = self
    result.failsEarly = true
    return result
  }

  /// Whether numbers that lie in a source are passed as they are, because the function returns one of its
  /// arguments.
  private(set) var keepsNumbers = false

  /// The same overload, for an implementation that takes foreign numbers and returns them as they are.
  func keepingNumbers() -> Overload {
    var result = self
    result.keepsNumbers = true
    return result
  }

  /// The code of an overload.
  public enum Implementation: Sendable {
    case nullary(@Sendable () throws(EvaluationError) -> Value)
    case unary(@Sendable (Value) throws(EvaluationError) -> Value)
    case binary(@Sendable (Value, Value) throws(EvaluationError) -> Value)
    case ternary(@Sendable (Value, Value, Value) throws(EvaluationError) -> Value)
    case variadic(@Sendable ([Value]) throws(EvaluationError) -> Value)
    /// A function of any number of arguments whose cost is only known while it runs. It takes its cost from
    /// the meter, in addition to ``Overload/cost``.
    case metered(@Sendable ([Value], inout Meter) throws(EvaluationError) -> Value)
  }

  /// The code of an overload that takes a compiled pattern.
  struct PatternImplementation: Sendable {
    /// The index of the argument that is the pattern.
    let argument: Int
    let body: @Sendable ([Value], Regex, inout Meter) throws(EvaluationError) -> Value
  }

  /// The cost of a call in steps (see ``Program/evaluate(_:costLimit:)``). It is charged before the call
  /// runs, so that no call can exceed the limit.
  public enum Cost: Sendable {
    /// No cost in addition to the call itself.
    case constant
    /// Three times the size of all arguments, for functions that read their arguments once and may return a
    /// result of that size. The size of a string is its bytes divided by ten; the size of a list or map is
    /// the number of values in it.
    case linear
    /// The steps that this function computes from the arguments.
    case custom(@Sendable ([Value]) -> Int)

    /// The same number of steps for all arguments.
    public static func constantly(_ steps: Int) -> Cost { .custom { _ in steps } }
  }

  /// An overload from an untyped implementation. Nil only declares it, for checking.
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

  /// An overload that has a regular expression as one of its arguments.
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

/// Overloads from typed closures. The closure's types determine the CEL types. ``ListValue``, ``MapValue``
/// and ``Value`` mean `list(dyn)`, `map(dyn, dyn)` and `dyn` unless `parameters` has more exact types.
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
