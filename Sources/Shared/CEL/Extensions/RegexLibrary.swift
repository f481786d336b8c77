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

/// What the regex libraries of cel-go and Kubernetes do.
enum RegexSearch {
  /// How many bytes searching for all matches may go over. Each search may read to the end of the text, so many
  /// matches in a long text are quadratic work in the worst case.
  static let scanLimit = 1 << 26

  /// Search costs what the text and the pattern multiply to, as in cel-go.
  static let cost = Overload.Cost.custom { arguments in
    WorkCost.size(arguments[0]).multipliedSaturated(by: WorkCost.bytes(arguments[1]) / 4 + 1)
  }

  /// Like ``cost``, and the result: up to as many replacements as the text has places.
  static let replaceCost = Overload.Cost.custom { arguments in
    let search = WorkCost.size(arguments[0]).multipliedSaturated(by: WorkCost.bytes(arguments[1]) / 4 + 1)
    return search.addingSaturated(WorkCost.bytes(arguments[2]))
  }

  /// All matches, each with the first `groups` groups, up to `limit`.
  static func matches(
    _ regex: Regex, in bytes: Span<UInt8>, groups: Int, limit: Int = .max
  ) throws(EvaluationError) -> [[Range<Int>?]] {
    var found: [[Range<Int>?]] = []
    var scanned = 0
    guard limit > 0 else { return [] }
    regex.forEachMatch(in: bytes, groups: groups) { match in
      found.append(match)
      scanned += bytes.count - (match.first.flatMap { $0 }?.lowerBound ?? 0)
      return found.count < limit && scanned <= scanLimit
    }
    guard scanned <= scanLimit || found.count >= limit else {
      throw .invalidArgument("too many matches in a text of \(bytes.count) bytes")
    }
    return found
  }

  /// The first match's group, or the match itself when the pattern has no group; nil when that is empty or nothing
  /// matches.
  static func extract(_ text: String, _ pattern: String) throws(EvaluationError) -> String? {
    let regex = try singleGroup(pattern)
    let bytes = Array(text.utf8)
    guard let match = regex.firstMatch(in: bytes.span, groups: 1) else { return nil }
    guard regex.groupCount == 1 else { return self.text(of: match[0], in: bytes) }
    return self.text(of: match[1], in: bytes).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// As ``extract(_:_:)`` for every match; matches whose group is empty are left out.
  static func extractAll(_ text: String, _ pattern: String) throws(EvaluationError) -> ListValue {
    let regex = try singleGroup(pattern)
    let bytes = Array(text.utf8)
    let matches = try matches(regex, in: bytes.span, groups: 1)
    return ListValue(
      matches.compactMap { match -> Value? in
        guard regex.groupCount == 1 else {
          return self.text(of: match[0], in: bytes).map(Value.string)
        }
        return self.text(of: match[1], in: bytes).flatMap { $0.isEmpty ? nil : .string($0) }
      })
  }

  /// `text` with up to `limit` matches replaced; a negative limit is none. `\1`…`\9` in the replacement stand for
  /// groups, `\0` for the match, `\\` for a backslash.
  static func replace(
    _ text: String, _ pattern: String, _ replacement: String, limit: Int64
  ) throws(EvaluationError) -> String {
    guard limit != 0 else { return text }
    let regex = try RegexCache.shared.regex(pattern)
    let bytes = Array(text.utf8)
    let matches = try matches(
      regex, in: bytes.span, groups: 9, limit: limit < 0 ? .max : Int(clamping: limit))
    guard !matches.isEmpty else { return text }
    let pieces = try pieces(of: replacement, groupCount: regex.groupCount)
    var output: [UInt8] = []
    var position = 0
    for match in matches {
      guard let whole = match[0] else { continue }
      output += bytes[position..<whole.lowerBound]
      for piece in pieces {
        switch piece {
        case .literal(let literal): output += literal
        case .group(let number): if let range = match[number] { output += bytes[range] }
        }
      }
      position = whole.upperBound
      guard output.count <= StringOperations.resultLimit else {
        throw .invalidArgument("the result is longer than \(StringOperations.resultLimit) bytes")
      }
    }
    output += bytes[position...]
    return String(decoding: output, as: UTF8.self)
  }

  /// The first match, empty when there is none.
  static func find(_ text: String, _ pattern: String) throws(EvaluationError) -> String {
    let regex = try RegexCache.shared.regex(pattern)
    let bytes = Array(text.utf8)
    return regex.firstMatch(in: bytes.span).flatMap { self.text(of: $0[0], in: bytes) } ?? ""
  }

  /// All matches, up to `limit`; a negative limit is none.
  static func findAll(_ text: String, _ pattern: String, limit: Int64) throws(EvaluationError) -> ListValue {
    let regex = try RegexCache.shared.regex(pattern)
    let bytes = Array(text.utf8)
    let matches = try matches(
      regex, in: bytes.span, groups: 0, limit: limit < 0 ? .max : Int(clamping: limit))
    return ListValue(matches.compactMap { self.text(of: $0[0], in: bytes).map(Value.string) })
  }

  // MARK: - Parts

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

  private static func singleGroup(_ pattern: String) throws(EvaluationError) -> Regex {
    let regex = try RegexCache.shared.regex(pattern)
    guard regex.groupCount <= 1 else {
      throw .invalidArgument("regular expression has more than one capturing group: \"\(pattern)\"")
    }
    return regex
  }

  private static func text(of range: Range<Int>?, in bytes: [UInt8]) -> String? {
    range.map { String(decoding: bytes[$0], as: UTF8.self) }
  }
}
