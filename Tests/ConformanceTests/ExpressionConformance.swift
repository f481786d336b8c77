// SPDX-License-Identifier: Apache-2.0

@testable import CEL

/// Runs a row that holds an expression.
enum ExpressionConformance {
  private enum Expectation {
    case value(Any)
    case evaluationError
    case compileError
    case type(String, value: Any?)
  }

  /// The result of an expression.
  private enum Result {
    case refused(CompileError)
    case failed(EvaluationError)
    case value(Value)

    var description: String {
      switch self {
      case .refused(let error): "does not compile: \(error.line):\(error.column): \(error.message)"
      case .failed(let error): "fails: \(error)"
      case .value(let value): "gives \(ConformanceValue.description(value))"
      }
    }
  }

  static func run(_ row: ConformanceRow) -> ConformanceOutcome {
    do {
      guard let expression = row.text("expr") else { throw ConformanceRow.Malformed(what: "no expr") }
      guard let expectation = expectation(row.object("expected")) else {
        return .failed("this engine knows no such expectation: \(row.object("expected"))")
      }
      let environment = try ConformanceEnvironment.environment(for: row)
      return try judge(expression, expectation, row, environment)
    } catch {
      return .failed("\(error)")
    }
  }

  private static func expectation(_ expected: [String: Any]) -> Expectation? {
    if let value = expected["value"] { return .value(value) }
    if expected["eval_error"] != nil || expected["any_eval_errors"] != nil { return .evaluationError }
    if expected["compile_error"] != nil || expected["compile_error_regex"] != nil { return .compileError }
    guard let typed = expected["typed_result"] as? [String: Any], let type = typed["deduced_type"] as? String
    else {
      return nil
    }
    return .type(type, value: typed["value"])
  }

  private static func judge(
    _ expression: String, _ expectation: Expectation, _ row: ConformanceRow, _ environment: Environment
  ) throws -> ConformanceOutcome {
    switch expectation {
    case .compileError:
      do throws(CompileError) {
        _ = try environment.compile(expression)
        return .failed("compiles, should not: \(expression)")
      } catch {
        return .passed
      }
    case .evaluationError:
      // The checker may find these errors too.
      let result = try evaluate(expression, row, environment)
      guard case .value = result else { return .passed }
      return .failed("\(result.description), should fail: \(expression)")
    case .value(let expected):
      return try compare(try evaluate(expression, row, environment), expected, expression)
    case .type(let name, let expected):
      let checked: CheckedExpression
      do throws(CompileError) {
        checked = try environment.check(environment.parse(expression))
      } catch {
        return .failed("\(Result.refused(error).description): \(expression)")
      }
      let type = try ConformanceEnvironment.type(name)
      let found = checked.types[checked.root.id] ?? .dyn
      guard found == type else {
        return .failed("has type \(found), should have \(type): \(expression)")
      }
      guard let expected, !row.flag("check_only") else { return .passed }
      return try compare(try evaluate(expression, row, environment), expected, expression)
    }
  }

  private static func compare(_ result: Result, _ expected: Any, _ expression: String) throws
    -> ConformanceOutcome
  {
    let wanted = try ConformanceValue.value(expected)
    if case .value(let value) = result, ConformanceValue.isSame(value, wanted) { return .passed }
    return .failed(
      "\(result.description), should give \(ConformanceValue.description(wanted)): \(expression)")
  }

  /// The value of a variable. For `self.field` it is that field of the value of `self`.
  private static func binding(of name: String, in row: ConformanceRow) -> Any? {
    let bindings = row.object("bindings")
    if let binding = bindings[name] { return binding }
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    guard parts.count == 2, let entries = (bindings[parts[0]] as? [String: Any])?["map"] as? [[Any]] else {
      return nil
    }
    return entries.first { ($0.first as? [String: Any])?["string"] as? String == parts[1] }?.last
  }

  private static func evaluate(
    _ expression: String, _ row: ConformanceRow, _ environment: Environment
  ) throws -> Result {
    let program: Program
    do throws(CompileError) {
      program = try environment.compile(expression)
    } catch {
      return .refused(error)
    }
    var activation = Activation(environment)
    for (slot, variable) in environment.variables.enumerated() {
      guard let binding = binding(of: variable.name, in: row) else { continue }
      if let error = (binding as? [String: Any])?["error"] {
        activation.setError(slot, .invalidArgument("\(error)"))
      } else {
        activation[slot] = try ConformanceValue.value(binding)
      }
    }
    do throws(EvaluationError) {
      return .value(try program.evaluate(&activation))
    } catch {
      return .failed(error)
    }
  }
}
