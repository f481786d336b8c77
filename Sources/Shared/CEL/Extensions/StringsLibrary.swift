// SPDX-License-Identifier: Apache-2.0

/// The `strings` extension: `charAt`, `indexOf`, `lastIndexOf`, `join`, `lowerAscii`, `upperAscii`, `replace`, `split`,
/// `substring`, `trim`, `reverse`, `format` and `strings.quote`.
///
/// Positions count code points from 0. The semantics are those of cel-go's newest version.
public struct StringsLibrary: Library {
  /// `strings`
  public let name = "strings"

  private let dialect: Dialect

  /// Creates the library. The dialect decides the form of `format`, and whether a search that starts after
  /// the end is an error.
  public init(_ dialect: Dialect = .celGo) { self.dialect = dialect }

  /// Adds the functions.
  public func declare(in declarations: inout Declarations) {
    declareSearch(in: &declarations)
    declareTransformations(in: &declarations)
    declareParts(in: &declarations)
  }

  private func declareSearch(in declarations: inout Declarations) {
    let isStrict = dialect == .specification
    declarations.function(
      "charAt",
      .binary("string_char_at_int", member: true, cost: .linear) {
        (text: String, position: Int64) throws(EvaluationError) in try StringOperations.charAt(text, position)
      })
    declarations.function(
      "indexOf",
      .binary("string_index_of_string", member: true, cost: .linear) {
        (text: String, part: String) throws(EvaluationError) in try StringOperations.indexOf(text, part)
      },
      .ternary("string_index_of_string_int", member: true, cost: .linear) {
        (text: String, part: String, from: Int64) throws(EvaluationError) in
        try StringOperations.indexOf(text, part, from: from, isStrict: isStrict)
      })
    declarations.function(
      "lastIndexOf",
      .binary("string_last_index_of_string", member: true, cost: .linear) {
        (text: String, part: String) throws(EvaluationError) in
        try StringOperations.lastIndexOf(text, part, from: nil)
      },
      .ternary("string_last_index_of_string_int", member: true, cost: .linear) {
        (text: String, part: String, from: Int64) throws(EvaluationError) in
        try StringOperations.lastIndexOf(text, part, from: from, isStrict: isStrict)
      })
  }

  private func declareTransformations(in declarations: inout Declarations) {
    let dialect = dialect
    declarations.function(
      "lowerAscii",
      .unary("string_lower_ascii", member: true, cost: .linear) { (text: String) in
        StringOperations.lowerASCII(text)
      })
    declarations.function(
      "upperAscii",
      .unary("string_upper_ascii", member: true, cost: .linear) { (text: String) in
        StringOperations.upperASCII(text)
      })
    declarations.function(
      "trim",
      .unary("string_trim", member: true, cost: .linear) { (text: String) in StringOperations.trim(text) })
    declarations.function(
      "reverse",
      .unary("string_reverse", member: true, cost: .linear) { (text: String) in StringOperations.reverse(text)
      })
    declarations.function(
      "strings.quote",
      .unary("strings_quote", cost: .custom { 4 + WorkCost.bytes($0[0]) / 3 }) { (text: String) in
        StringOperations.quote(text)
      })
    declarations.function(
      "format",
      Overload(
        "string_format", member: true, [.string, .dynList], returns: .string,
        .metered { arguments, meter throws(EvaluationError) in
          guard case .string(let text) = arguments[0], case .list(let list) = arguments[1] else {
            throw .noMatchingOverload
          }
          return .string(try StringFormat.format(text, list, dialect, &meter))
        }
      ))
  }

  private func declareParts(in declarations: inout Declarations) {
    let replace: @Sendable ([Value], inout Meter) throws(EvaluationError) -> Value = {
      arguments, meter throws(EvaluationError) in
      guard case .string(let text) = arguments[0], case .string(let old) = arguments[1],
        case .string(let new) = arguments[2]
      else { throw .noMatchingOverload }
      let limit = try RegexSearch.limit(arguments, at: 3)
      return .string(try StringOperations.replace(text, old, new, limit: limit, &meter))
    }
    declarations.function(
      "replace",
      Overload(
        "string_replace_string_string", member: true, [.string, .string, .string], returns: .string,
        .metered(replace)),
      Overload(
        "string_replace_string_string_int", member: true, [.string, .string, .string, .int], returns: .string,
        .metered(replace)))
    let split: @Sendable ([Value], inout Meter) throws(EvaluationError) -> Value = {
      arguments, meter throws(EvaluationError) in
      guard case .string(let text) = arguments[0], case .string(let separator) = arguments[1] else {
        throw .noMatchingOverload
      }
      let limit = try RegexSearch.limit(arguments, at: 2)
      return .list(
        ListValue(try StringOperations.split(text, separator, limit: limit, &meter).map(Value.string)))
    }
    declarations.function(
      "split",
      Overload(
        "string_split_string", member: true, [.string, .string], returns: .list(.string), .metered(split)),
      Overload(
        "string_split_string_int", member: true, [.string, .string, .int], returns: .list(.string),
        .metered(split)))
    declarations.function(
      "substring",
      .binary("string_substring_int", member: true, cost: .linear) {
        (text: String, from: Int64) throws(EvaluationError) in
        try StringOperations.substring(text, from: from)
      },
      .ternary("string_substring_int_int", member: true, cost: .linear) {
        (text: String, from: Int64, to: Int64) throws(EvaluationError) in
        try StringOperations.substring(text, from: from, to: to)
      })
    let joining = Overload.Cost.custom { arguments in
      let separators =
        arguments.count > 1
        ? WorkCost.size(arguments[0]).multipliedSaturated(by: WorkCost.bytes(arguments[1])) / 5 : 0
      return arguments[0].weight.multipliedSaturated(by: 2).addingSaturated(separators)
    }
    declarations.function(
      "join",
      .unary("list_join", member: true, .list(.string), cost: joining) {
        (list: ListValue) throws(EvaluationError) in try StringOperations.join(list, "")
      },
      .binary("list_join_string", member: true, .list(.string), cost: joining) {
        (list: ListValue, separator: String) throws(EvaluationError) in
        try StringOperations.join(list, separator)
      })
  }
}
