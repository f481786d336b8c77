// SPDX-License-Identifier: Apache-2.0

/// A call whose overload is known at compilation.
final class UnaryCallNode: Node, @unchecked Sendable {
  let argument: Node
  let overload: Overload
  let body: @Sendable (Value) throws(EvaluationError) -> Value
  let parameter: ArgumentTest
  private let name: String

  init(
    _ expression: Expr, _ argument: Node, _ overload: Overload, isProven: Bool,
    _ body: @escaping @Sendable (Value) throws(EvaluationError) -> Value
  ) {
    self.argument = argument
    self.overload = overload
    self.body = body
    self.parameter = isProven ? .any : ArgumentTest(overload.parameters[0])
    self.name = expression.functionName
    super.init(offset: expression.offset, cost: argument.cost + 3)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    let value = try argument.argument(&activation, keepsNumbers: overload.keepsNumbers)
    guard parameter.accepts(value) else { throw mismatch(name, [value]) }
    try activation.spend(overload.cost, value)
    do throws(EvaluationError) {
      let result = try body(value)
      try activation.settle(after: overload.cost)
      return result
    } catch { throw activation.failure(error, at: offset) }
  }
}

/// A call whose overload is known at compilation.
final class BinaryCallNode: Node, @unchecked Sendable {
  let first: Node
  let second: Node
  let overload: Overload
  let body: @Sendable (Value, Value) throws(EvaluationError) -> Value
  let parameters: (ArgumentTest, ArgumentTest)
  private let name: String

  init(
    _ expression: Expr, _ first: Node, _ second: Node, _ overload: Overload, isProven: Bool,
    _ body: @escaping @Sendable (Value, Value) throws(EvaluationError) -> Value
  ) {
    self.first = first
    self.second = second
    self.overload = overload
    self.body = body
    self.parameters =
      isProven ? (.any, .any) : (ArgumentTest(overload.parameters[0]), ArgumentTest(overload.parameters[1]))
    self.name = expression.functionName
    super.init(offset: expression.offset, cost: first.cost + second.cost + 3)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    let left = try first.argument(&activation, keepsNumbers: overload.keepsNumbers)
    let right = try second.argument(&activation, keepsNumbers: overload.keepsNumbers)
    guard parameters.0.accepts(left), parameters.1.accepts(right) else {
      throw mismatch(name, [left, right])
    }
    try activation.spend(overload.cost, left, right)
    do throws(EvaluationError) {
      let result = try body(left, right)
      try activation.settle(after: overload.cost)
      return result
    } catch { throw activation.failure(error, at: offset) }
  }
}

/// A call with any number of arguments, or whose overload depends on the argument values.
final class CallNode: Node, @unchecked Sendable {
  let name: String
  let arguments: [Node]
  private let candidates: [Candidate]
  private let keepsNumbers: Bool

  /// The members of an overload that evaluation needs. An overload is large, and reading it would copy it.
  private struct Candidate {
    let tests: [ArgumentTest]
    let cost: Overload.Cost
    let body: Overload.Implementation
  }

  init(_ expression: Expr, _ name: String, _ arguments: [Node], _ overloads: [Overload]) {
    self.name = name
    self.arguments = arguments
    self.candidates = overloads.compactMap { overload in
      overload.implementation.map {
        Candidate(tests: overload.parameters.map(ArgumentTest.init), cost: overload.cost, body: $0)
      }
    }
    self.keepsNumbers = overloads.first { $0.implementation != nil }?.keepsNumbers == true
    super.init(offset: expression.offset, cost: arguments.reduce(6) { $0 + $1.cost })
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    if arguments.count == 1 { return try evaluateUnary(&activation) }
    var values: [Value] = []
    values.reserveCapacity(arguments.count)
    for argument in arguments {
      values.append(try argument.argument(&activation, keepsNumbers: keepsNumbers))
    }
    guard !candidates.isEmpty else { throw error(.unboundFunction, name) }
    for index in candidates.indices where candidates[index].tests.accept(values) {
      try activation.spend(candidates[index].cost, values)
      do throws(EvaluationError) {
        let result = try candidates[index].body.call(values, &activation.meter)
        try activation.settle(after: candidates[index].cost)
        return result
      } catch { throw activation.failure(error, at: offset) }
    }
    throw mismatch(name, values)
  }

  /// A conversion such as `timestamp(x)`: usually no array of arguments is made.
  private func evaluateUnary(_ activation: inout Activation) throws(EvaluationError) -> Value {
    let value = try arguments[0].argument(&activation, keepsNumbers: keepsNumbers)
    guard !candidates.isEmpty else { throw error(.unboundFunction, name) }
    for index in candidates.indices
    where candidates[index].tests.count == 1 && candidates[index].tests[0].accepts(value) {
      try activation.spend(candidates[index].cost, value)
      do throws(EvaluationError) {
        let result: Value
        if case .unary(let body) = candidates[index].body {
          result = try body(value)
        } else {
          result = try candidates[index].body.call([value], &activation.meter)
        }
        try activation.settle(after: candidates[index].cost)
        return result
      } catch { throw activation.failure(error, at: offset) }
    }
    throw mismatch(name, [value])
  }
}

extension Node {
  /// The value decoded, as functions require it.
  @inline(__always)
  func argument(
    _ activation: inout Activation, keepsNumbers: Bool = false
  ) throws(EvaluationError) -> Value {
    let value = try evaluate(&activation)
    guard case .foreign(let foreign) = value else { return value }
    if keepsNumbers, foreign.kind == .number { return value }
    let native = foreign.native
    try activation.settle(foreign.source)
    // Decoded elements need more memory than in the document.
    switch native {
    case .list(let list): try activation.spend(Steps.making(elements: list.count))
    case .map(let map): try activation.spend(Steps.making(entries: map.count))
    default: break
    }
    return native
  }
}

/// A call of a function with a constant regular expression, which is already compiled.
final class PatternCallNode: Node, @unchecked Sendable {
  let arguments: [Node]
  let tests: [ArgumentTest]
  let regex: Regex
  let body: Overload.PatternImplementation
  private let name: String

  init(
    _ expression: Expr, _ arguments: [Node], _ overload: Overload, _ body: Overload.PatternImplementation,
    _ regex: Regex
  ) {
    self.arguments = arguments
    self.tests = overload.parameters.map(ArgumentTest.init)
    self.regex = regex
    self.body = body
    self.name = expression.functionName
    super.init(offset: expression.offset, cost: arguments.reduce(6) { $0 + $1.cost })
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    var values: [Value] = []
    values.reserveCapacity(arguments.count)
    for argument in arguments { values.append(try argument.argument(&activation)) }
    guard tests.accept(values) else { throw mismatch(name, values) }
    do throws(EvaluationError) { return try body.body(values, regex, &activation.meter) } catch {
      throw error.located(at: offset)
    }
  }
}

extension Overload.Implementation {
  /// - Precondition: `values` has as many values as the function has parameters. The argument tests check
  ///   this.
  func call(_ values: [Value], _ meter: inout Meter) throws(EvaluationError) -> Value {
    switch self {
    case .nullary(let body): try body()
    case .unary(let body): try body(values[0])
    case .binary(let body): try body(values[0], values[1])
    case .ternary(let body): try body(values[0], values[1], values[2])
    case .variadic(let body): try body(values)
    case .metered(let body): try body(values, &meter)
    }
  }
}

extension Expr {
  /// The function of a call.
  fileprivate var functionName: String {
    guard case .call(_, let function, _) = kind else { return "" }
    return function
  }
}

/// A test of an argument's outermost type at evaluation.
enum ArgumentTest: Sendable {
  case any
  case named(TypeName)
  /// Accepts the type or null, for a wrapper type.
  case nullable(TypeName)

  init(_ type: ValueType) {
    switch (type, type.runtimeName) {
    case (_, nil): self = .any
    case (.wrapper, let name?): self = .nullable(name)
    case (_, let name?): self = .named(name)
    }
  }

  func accepts(_ value: Value) -> Bool {
    switch self {
    case .any: return true
    case .named(let name): return value.typeName == name
    case .nullable(let name):
      if case .null = value { return true }
      return value.typeName == name
    }
  }
}

extension [ArgumentTest] {
  func accept(_ values: [Value]) -> Bool {
    count == values.count && zip(self, values).allSatisfy { $0.accepts($1) }
  }
}

extension Overload.Cost {
  /// The cost of a call with these arguments, in addition to 1.
  func amount(_ values: [Value]) -> Int {
    switch self {
    case .constant: return 0
    case .linear: return values.reduce(0) { $0.addingSaturated($1.weight - 1) }.multipliedSaturated(by: 3)
    case .custom(let body): return Swift.max(0, Swift.min(body(values), Int.max / 4))
    }
  }
}

extension Activation {
  @inline(__always)
  mutating func spend(_ cost: Overload.Cost, _ value: Value) throws(EvaluationError) {
    if case .constant = cost { return }
    try spend(cost, [value])
  }

  @inline(__always)
  mutating func spend(_ cost: Overload.Cost, _ left: Value, _ right: Value) throws(EvaluationError) {
    if case .constant = cost { return }
    try spend(cost, [left, right])
  }

  /// Charges for a call. A call whose cost depends on its arguments may read more of the sources, but only as
  /// much as the remaining cost allows.
  mutating func spend(_ cost: Overload.Cost, _ values: [Value]) throws(EvaluationError) {
    if case .constant = cost { return }
    try spend(cost.amount(values))
    limitWork(to: meter.remaining)
  }

  /// Charges for what a call with this cost has read.
  @inline(__always)
  mutating func settle(after cost: Overload.Cost) throws(EvaluationError) {
    if case .constant = cost { return }
    limitWork(to: .max)
    try settleSources()
  }

  /// The error of a call, after which reading is not limited.
  @inline(never)
  func failure(_ error: EvaluationError, at offset: Int32) -> EvaluationError {
    limitWork(to: .max)
    return error.located(at: offset)
  }
}
