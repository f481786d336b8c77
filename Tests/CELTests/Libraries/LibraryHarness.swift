// SPDX-License-Identifier: Apache-2.0

@testable import CEL

/// Evaluates expressions over all libraries.
enum LibraryHarness {
  static let environment = Environment(
    variables: [Variable("v", .dyn), Variable("text", .string), Variable("list", .dynList)],
    libraries: StandardLibraries.libraries(.celGo))

  static func evaluate(
    _ expression: String, v: Value? = nil, text: String? = nil, list: [Value]? = nil, costLimit: Int? = nil
  ) throws -> Value {
    let program = try environment.compile(expression)
    var activation = Activation(environment)
    activation["v"] = v
    activation["text"] = text.map(Value.string)
    activation["list"] = list.map { .list(ListValue($0)) }
    return try program.evaluate(&activation, costLimit: costLimit)
  }

  /// Whether the expression is true; nil when it fails, while compiling or running.
  static func isTrue(_ expression: String) -> Bool? {
    guard case .bool(let result) = try? evaluate(expression) else { return nil }
    return result
  }
}
