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
      Overload("regex_extract_string_string", [.string, .string], returns: .optional(.string), pattern: 1) {
        arguments, regex, meter throws(EvaluationError) in
        let text = try RegexSearch.text(arguments)
        return .optional(try RegexSearch.extract(text, regex, &meter).map(Value.string))
      })
    declarations.function(
      "regex.extractAll",
      Overload("regex_extractAll_string_string", [.string, .string], returns: .list(.string), pattern: 1) {
        arguments, regex, meter throws(EvaluationError) in
        .list(try RegexSearch.extractAll(try RegexSearch.text(arguments), regex, &meter))
      })
    let replace: @Sendable ([Value], Regex, inout Meter) throws(EvaluationError) -> Value = {
      arguments, regex, meter throws(EvaluationError) in
      guard case .string(let replacement) = arguments[2] else { throw .noMatchingOverload }
      let limit = try RegexSearch.limit(arguments, at: 3)
      return .string(
        try RegexSearch.replace(try RegexSearch.text(arguments), regex, replacement, limit: limit, &meter))
    }
    declarations.function(
      "regex.replace",
      Overload(
        "regex_replace_string_string_string", [.string, .string, .string], returns: .string, pattern: 1,
        replace),
      Overload(
        "regex_replace_string_string_string_int", [.string, .string, .string, .int], returns: .string,
        pattern: 1,
        replace))
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
      Overload("string_find_string", member: true, [.string, .string], returns: .string, pattern: 1) {
        arguments, regex, meter throws(EvaluationError) in
        .string(try RegexSearch.find(try RegexSearch.text(arguments), regex, &meter))
      })
    let findAll: @Sendable ([Value], Regex, inout Meter) throws(EvaluationError) -> Value = {
      arguments, regex, meter throws(EvaluationError) in
      let limit = try RegexSearch.limit(arguments, at: 2)
      return .list(try RegexSearch.findAll(try RegexSearch.text(arguments), regex, limit: limit, &meter))
    }
    declarations.function(
      "findAll",
      Overload(
        "string_find_all_string", member: true, [.string, .string], returns: .list(.string), pattern: 1,
        findAll),
      Overload(
        "string_find_all_string_int", member: true, [.string, .string, .int], returns: .list(.string),
        pattern: 1,
        findAll))
  }
}

/// The functions of cel-go's and Kubernetes' regex libraries.
enum RegexSearch {
  /// The text to search, which is the first argument.
  static func text(_ arguments: [Value]) throws(EvaluationError) -> String {
    guard case .string(let text)? = arguments.first else { throw .noMatchingOverload }
    return text
  }

  /// The maximum number of matches; no limit if the argument is missing or negative.
  static func limit(_ arguments: [Value], at index: Int) throws(EvaluationError) -> Int {
    guard arguments.count > index else { return .max }
    guard case .int(let limit) = arguments[index] else { throw .noMatchingOverload }
    return limit < 0 ? .max : Int(clamping: limit)
  }

  /// The group of the first match, or the whole match if the pattern has no group. Nil if that is empty or
  /// nothing matches.
  static func extract(_ text: String, _ regex: Regex, _ meter: inout Meter) throws(EvaluationError) -> String?
  {
    try requireOneGroup(regex)
    try meter.spend(regex.searchCost(text.utf8.count, groups: 1) + Steps.making(bytes: text.utf8.count))
    let bytes = Array(text.utf8)
    guard let match = regex.firstMatch(in: bytes.span, groups: 1) else { return nil }
    guard regex.groupCount == 1 else { return self.text(of: match[0], in: bytes) }
    return self.text(of: match[1], in: bytes).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The result of ``extract(_:_:_:)`` for each match, without matches whose group is empty.
  static func extractAll(_ text: String, _ regex: Regex, _ meter: inout Meter) throws(EvaluationError)
    -> ListValue
  {
    try requireOneGroup(regex)
    return try collect(text, regex, groups: 1, &meter) { match, bytes in
      guard regex.groupCount == 1 else { return self.text(of: match[0], in: bytes) }
      return self.text(of: match[1], in: bytes).flatMap { $0.isEmpty ? nil : $0 }
    }
  }

  /// The first match; empty if there is none.
  static func find(_ text: String, _ regex: Regex, _ meter: inout Meter) throws(EvaluationError) -> String {
    try meter.spend(regex.searchCost(text.utf8.count) + Steps.making(bytes: text.utf8.count))
    let bytes = Array(text.utf8)
    return regex.firstMatch(in: bytes.span).flatMap { self.text(of: $0[0], in: bytes) } ?? ""
  }

  /// All matches, at most `limit`.
  static func findAll(
    _ text: String, _ regex: Regex, limit: Int, _ meter: inout Meter
  ) throws(EvaluationError) -> ListValue {
    try collect(text, regex, groups: 0, limit: limit, &meter) { match, bytes in
      self.text(of: match[0], in: bytes)
    }
  }

  /// `text` with at most `limit` matches replaced. In the replacement, `\1`…`\9` are the groups, `\0` is the
  /// match, `\\` is a backslash.
  static func replace(
    _ text: String, _ regex: Regex, _ replacement: String, limit: Int, _ meter: inout Meter
  ) throws(EvaluationError) -> String {
    guard limit != 0 else { return text }
    let bytes = Array(text.utf8)
    var pieces: [Piece]?
    var output: [UInt8] = []
    var position = 0
    var count = 0
    try meter.spend(Steps.making(bytes: bytes.count))
    try regex.forEachMatch(in: bytes.span, groups: 9, &meter) { match, meter throws(EvaluationError) in
      guard let whole = match[0] else { return true }
      let parts: [Piece]
      if let known = pieces {
        parts = known
      } else {
        parts = try self.pieces(of: replacement, groupCount: regex.groupCount)
        pieces = parts
      }
      let before = output.count
      output += bytes[position..<whole.lowerBound]
      for piece in parts {
        switch piece {
        case .literal(let literal): output += literal
        case .group(let number): if let range = match[number] { output += bytes[range] }
        }
        guard output.count <= StringOperations.resultLimit else {
          throw .invalidArgument("the result is longer than \(StringOperations.resultLimit) bytes")
        }
      }
      position = whole.upperBound
      count += 1
      try meter.spend(parts.count + Steps.making(bytes: output.count - before))
      return count < limit
    }
    guard count > 0 else { return text }
    output += bytes[position...]
    return String(decoding: output, as: UTF8.self)
  }

  // MARK: - Parts

  private static func collect(
    _ text: String, _ regex: Regex, groups: Int, limit: Int = .max, _ meter: inout Meter,
    _ part: ([Range<Int>?], [UInt8]) -> String?
  ) throws(EvaluationError) -> ListValue {
    guard limit > 0 else { return ListValue([]) }
    try meter.spend(Steps.making(bytes: text.utf8.count))
    let bytes = Array(text.utf8)
    var found: [Value] = []
    var count = 0
    try regex.forEachMatch(in: bytes.span, groups: groups, &meter) { match, meter throws(EvaluationError) in
      count += 1
      if let part = part(match, bytes) {
        try meter.spend(Steps.element + Steps.making(bytes: part.utf8.count))
        found.append(.string(part))
      }
      return count < limit
    }
    return ListValue(found)
  }

  private enum Piece {
    case literal([UInt8])
    case group(Int)
  }

  private static func pieces(of replacement: String, groupCount: Int) throws(EvaluationError) -> [Piece] {
    var pieces: [Piece] = []
    var literal: [UInt8] = []
    var bytes = Array(replacement.utf8)[...]
    while let byte = bytes.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        literal.append(byte)
        continue
      }
      guard let escaped = bytes.popFirst() else {
        throw .invalidArgument("invalid replacement string: '\(replacement)' \\ not allowed at end")
      }
      if escaped == UInt8(ascii: "\\") {
        literal.append(escaped)
        continue
      }
      guard escaped >= 0x30, escaped <= 0x39 else {
        throw .invalidArgument(
          "invalid replacement string: '\(replacement)' \\ must be followed by a digit or \\")
      }
      let group = Int(escaped - 0x30)
      guard group <= groupCount else {
        throw .invalidArgument(
          "replacement string references group \(group) but regex has only \(groupCount) group(s)")
      }
      if !literal.isEmpty { pieces.append(.literal(literal)) }
      literal = []
      pieces.append(.group(group))
    }
    if !literal.isEmpty { pieces.append(.literal(literal)) }
    return pieces
  }

  private static func requireOneGroup(_ regex: Regex) throws(EvaluationError) {
    guard regex.groupCount <= 1 else {
      throw .invalidArgument("regular expression has more than one capturing group: \"\(regex.pattern)\"")
    }
  }

  private static func text(of range: Range<Int>?, in bytes: [UInt8]) -> String? {
    range.map { String(decoding: bytes[$0], as: UTF8.self) }
  }
}
