// SPDX-License-Identifier: Apache-2.0

/// The `regex` extension: `regex.extract`, `regex.extractAll` and `regex.replace`.
public struct RegexLibrary: Library {
  /// `regex`
  public let name = "regex"

  /// The library.
  public init() {}

  /// Adds the functions.
  public func declare(in declarations: inout Declarations) {
    declarations.function(
      "regex.extract",
      .binary("regex_extract_string_string", returns: .optional(.string), cost: RegexSearch.cost) {
        (text: String, pattern: String) throws(EvaluationError) in
        Value.optional(try RegexSearch.extract(text, pattern).map(Value.string))
      })
    declarations.function(
      "regex.extractAll",
      .binary("regex_extractAll_string_string", returns: .list(.string), cost: RegexSearch.cost) {
        (text: String, pattern: String) throws(EvaluationError) in
        try RegexSearch.extractAll(text, pattern)
      })
    declarations.function(
      "regex.replace",
      .ternary("regex_replace_string_string_string", cost: RegexSearch.replaceCost) {
        (text: String, pattern: String, replacement: String) throws(EvaluationError) in
        try RegexSearch.replace(text, pattern, replacement, limit: -1)
      },
      Overload(
        "regex_replace_string_string_string_int", [.string, .string, .string, .int], returns: .string,
        cost: RegexSearch.replaceCost,
        .variadic { arguments throws(EvaluationError) in
          guard arguments.count == 4, case .string(let text) = arguments[0],
            case .string(let pattern) = arguments[1], case .string(let replacement) = arguments[2],
            case .int(let limit) = arguments[3]
          else { throw .noMatchingOverload }
          return .string(try RegexSearch.replace(text, pattern, replacement, limit: limit))
        }))
  }
}

/// Kubernetes' `find` and `findAll` on strings.
public struct KubernetesRegexLibrary: Library {
  /// `kubernetes.regex`
  public let name = "kubernetes.regex"

  /// The library.
  public init() {}

  /// Adds the functions.
  public func declare(in declarations: inout Declarations) {
    declarations.function(
      "find",
      .binary("string_find_string", member: true, cost: RegexSearch.cost) {
        (text: String, pattern: String) throws(EvaluationError) in try RegexSearch.find(text, pattern)
      })
    declarations.function(
      "findAll",
      .binary("string_find_all_string", member: true, returns: .list(.string), cost: RegexSearch.cost) {
        (text: String, pattern: String) throws(EvaluationError) in
        try RegexSearch.findAll(text, pattern, limit: -1)
      },
      .ternary("string_find_all_string_int", member: true, returns: .list(.string), cost: RegexSearch.cost) {
        (text: String, pattern: String, limit: Int64) throws(EvaluationError) in
        try RegexSearch.findAll(text, pattern, limit: limit)
      })
  }
}
