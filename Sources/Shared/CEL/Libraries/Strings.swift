// SPDX-License-Identifier: Apache-2.0

/// The `strings` extension: `charAt`, `indexOf`, `lastIndexOf`, `join`, `lowerAscii`, `upperAscii`, `replace`, `split`,
/// `substring`, `trim`, `reverse`, `format` and `strings.quote`.
///
/// Positions count code points from 0. The semantics are those of cel-go's newest version.
public struct StringsLibrary: Library {
  /// `strings`
  public let name = "strings"

  private let dialect: Dialect

  /// The library; the dialect decides about `format`, and about search that starts beyond the end.
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
      .unary("strings_quote", cost: .linear) { (text: String) in StringOperations.quote(text) })
    declarations.function(
      "format",
      .binary(
        "string_format", member: true,
        cost: .custom { arguments in
          WorkCost.size(arguments[0]).addingSaturated(arguments[1].weight)
        }
      ) { (text: String, list: ListValue) throws(EvaluationError) in
        try StringFormat.format(text, list, dialect)
      })
  }

  private func declareParts(in declarations: inout Declarations) {
    // The search, and the greatest result it may lead to.
    let replacing = Overload.Cost.custom { arguments in
      let places = WorkCost.bytes(arguments[0]) / max(WorkCost.bytes(arguments[1]), 1) + 1
      return WorkCost.size(arguments[0]).addingSaturated(
        places.multipliedSaturated(by: WorkCost.bytes(arguments[2])) / 10)
    }
    declarations.function(
      "replace",
      .ternary("string_replace_string_string", member: true, cost: replacing) {
        (text: String, old: String, new: String) throws(EvaluationError) in
        try StringOperations.replace(text, old, new, limit: -1)
      },
      Overload(
        "string_replace_string_string_int", member: true, [.string, .string, .string, .int], returns: .string,
        cost: replacing,
        .variadic { arguments throws(EvaluationError) in
          guard arguments.count == 4, case .string(let text) = arguments[0],
            case .string(let old) = arguments[1],
            case .string(let new) = arguments[2], case .int(let limit) = arguments[3]
          else { throw .noMatchingOverload }
          return .string(try StringOperations.replace(text, old, new, limit: limit))
        }))
    // A part costs more than the bytes in it.
    let splitting = Overload.Cost.custom { arguments in
      WorkCost.bytes(arguments[0]) / max(WorkCost.bytes(arguments[1]), 1) + WorkCost.size(arguments[0])
    }
    declarations.function(
      "split",
      .binary("string_split_string", member: true, returns: .list(.string), cost: splitting) {
        (text: String, separator: String) in
        ListValue(StringOperations.split(text, separator, limit: -1).map(Value.string))
      },
      .ternary("string_split_string_int", member: true, returns: .list(.string), cost: splitting) {
        (text: String, separator: String, limit: Int64) in
        ListValue(StringOperations.split(text, separator, limit: limit).map(Value.string))
      })
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
        ? WorkCost.size(arguments[0]).multipliedSaturated(by: WorkCost.bytes(arguments[1])) / 10 : 0
      return arguments[0].weight.addingSaturated(separators)
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
