// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

#if canImport(Glibc)
  import Glibc
#endif

/// An expression and its expected result, as a row of a table.
struct Case: Sendable, CustomTestStringConvertible {
  enum Expectation: Sendable {
    case value(Value)
    case fails(EvaluationError.Code)
    case refused(CompileError.Code)
  }

  let expression: String
  let expectation: Expectation

  /// An expression that must be true.
  init(_ expression: String) { self.init(expression, .bool(true)) }

  init(_ expression: String, _ value: Value) {
    self.expression = expression
    self.expectation = .value(value)
  }

  init(_ expression: String, fails code: EvaluationError.Code) {
    self.expression = expression
    self.expectation = .fails(code)
  }

  init(_ expression: String, refused code: CompileError.Code) {
    self.expression = expression
    self.expectation = .refused(code)
  }

  var testDescription: String { expression }

  /// The difference from the expected result; nil if there is none.
  func fault(in environment: Environment = Evaluate.environment) -> String? {
    let outcome = Evaluate.outcome(expression, in: environment)
    switch (expectation, outcome) {
    case (.value(let wanted), .value(let got)):
      return wanted.isSame(as: got) ? nil : "gives \(got), should give \(wanted)"
    case (.fails(let wanted), .fails(let got)) where wanted == got.code: return nil
    case (.refused(let wanted), .refused(let got)) where wanted == got.code: return nil
    default: return "comes to \(outcome), should be \(expectation)"
    }
  }
}

/// Evaluates expressions in an environment that has all libraries.
enum Evaluate {
  enum Outcome: Sendable {
    case value(Value)
    case fails(EvaluationError)
    case refused(CompileError)
  }

  static let environment = Environment(
    variables: [
      Variable("x", .dyn), Variable("n", .int), Variable("s", .string), Variable("items", .list(.int)),
      Variable("m", .map(.string, .dyn)),
    ], libraries: StandardLibraries.all)

  static func outcome(
    _ expression: String, in environment: Environment = environment, _ bindings: [String: Value] = [:],
    costLimit: Int? = nil
  ) -> Outcome {
    let program: Program
    do throws(CompileError) { program = try environment.compile(expression) } catch { return .refused(error) }
    var activation = Activation(environment)
    for (name, value) in bindings { activation[name] = value }
    do throws(EvaluationError) {
      return .value(try program.evaluate(&activation, costLimit: costLimit))
    } catch {
      return .fails(error)
    }
  }

  /// Runs on a thread with a stack of 512 KiB, which is usual for threads of servers.
  static func onSmallStack(_ body: @escaping @Sendable () -> Void) {
    final class Job: Sendable {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setstacksize(&attributes, 512 << 10)
    var thread = pthread_t()
    let job = unsafe Unmanaged.passRetained(Job(body)).toOpaque()
    let status = unsafe pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, job)
    if status == 0 { pthread_join(thread, nil) }
    unsafe pthread_attr_destroy(&attributes)
  }
}

extension Value {
  /// Whether the values are equal and have the same types at all levels. NaN is the same as NaN, and 0.0 is
  /// not -0.0.
  func isSame(as other: Value) -> Bool {
    switch (native, other.native) {
    case (.double(let left), .double(let right)):
      left.bitPattern == right.bitPattern || left.isNaN && right.isNaN
    case (.list(let left), .list(let right)):
      left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
    case (.map(let left), .map(let right)):
      left.count == right.count
        && left.entries.allSatisfy { entry in right[entry.key].map { $0.isSame(as: entry.value) } ?? false }
    case (.optional(let left?), .optional(let right?)): left.isSame(as: right)
    case (let left, let right): left.typeName == right.typeName && left == right
    }
  }
}
