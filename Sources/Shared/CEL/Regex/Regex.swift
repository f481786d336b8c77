// SPDX-License-Identifier: Apache-2.0

import CRE2

/// A regular expression in RE2's syntax, compiled once and searched in time linear in the text.
///
/// Immutable, so any number of threads may search with one instance. Offsets are in UTF-8 bytes.
@safe final class Regex: @unchecked Sendable {
  /// Longest pattern that is compiled, in bytes.
  static let patternLimit = 64 * 1024
  /// What a compiled pattern and its cached automaton may take, in bytes: RE2's own default.
  static let memoryLimit = 8 << 20

  /// The pattern as it was written.
  let pattern: String
  /// Capturing groups in the pattern, the whole match not counted.
  let groupCount: Int
  // RE2's const operations lock internally, hence the unchecked conformance above.
  private let compiled: OpaquePointer
  /// RE2 looks for `\B` between any two bytes, also those of one character.
  private let mayMatchInsideCharacters: Bool

  /// Compiles `pattern`.
  ///
  /// - Throws: `RegexError` when the pattern is malformed, longer than `patternLimit`, or needs more than
  ///   `memoryLimit`.
  init(_ pattern: String) throws(RegexError) {
    guard pattern.utf8.count <= Regex.patternLimit else {
      throw RegexError(message: "error parsing regexp: expression is longer than \(Regex.patternLimit) bytes")
    }
    self.pattern = pattern
    mayMatchInsideCharacters = pattern.utf8.count >= 2 && RegexSyntax.hasNonBoundary(Array(pattern.utf8))
    let source = try RegexSyntax.adaptedToRE2(Array(pattern.utf8))
    var message = [CChar](repeating: 0, count: 256)
    let compiled = unsafe source.withUnsafeBufferPointer { source in
      unsafe message.withUnsafeMutableBufferPointer { message in
        unsafe cre2_compile(
          source.baseAddress, source.count, Regex.memoryLimit, message.baseAddress, message.count)
      }
    }
    guard let compiled = unsafe compiled else {
      let reason = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw RegexError(message: "error parsing regexp: \(reason)")
    }
    unsafe self.compiled = compiled
    groupCount = unsafe cre2_group_count(compiled)
  }

  deinit { unsafe cre2_delete(compiled) }

  /// Whether the pattern matches anywhere in `text`.
  func matches(_ text: Span<UInt8>) -> Bool {
    unsafe text.withUnsafeBufferPointer { unsafe matches($0) }
  }

  /// Whether the pattern matches anywhere in `text`.
  func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    if mayMatchInsideCharacters { return firstMatch(in: unsafe Array(text).span) != nil }
    return unsafe cre2_find(compiled, text.baseAddress, text.count, 0, nil, 0)
  }

  /// Whether the pattern matches anywhere in `text`.
  func matches(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { unsafe matches($0) }
  }

  /// The leftmost match that starts at or after byte `from`: the whole match first, then the groups; nil for
  /// a group that took no part.
  func firstMatch(in text: Span<UInt8>, from: Int = 0, groups: Int = 0) -> [Range<Int>?]? {
    var from = from
    while true {
      let match = anyMatch(in: text, from: from, groups: groups)
      guard mayMatchInsideCharacters, let start = match?.first.flatMap({ $0 })?.lowerBound,
        start < text.count,
        text[start] & 0xC0 == 0x80
      else { return match }
      from = Regex.nextScalar(in: text, after: start)
    }
  }

  /// What RE2 finds first, even inside a character.
  private func anyMatch(in text: Span<UInt8>, from: Int, groups: Int) -> [Range<Int>?]? {
    guard from >= 0, from <= text.count else { return nil }
    var spans = [CRE2Span](repeating: CRE2Span(start: -1, end: -1), count: min(groups, groupCount) + 1)
    let found = unsafe text.withUnsafeBufferPointer { text in
      unsafe spans.withUnsafeMutableBufferPointer { spans in
        unsafe cre2_find(compiled, text.baseAddress, text.count, from, spans.baseAddress, spans.count)
      }
    }
    return found ? spans.map { $0.start < 0 ? nil : $0.start..<$0.end } : nil
  }

  /// Calls `body` with each successive match that does not overlap an earlier one, as Go's `FindAll` does: an
  /// empty match right after a match does not count.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - groups: How many groups to report.
  ///   - body: Gets the whole match and the groups; returns false to stop.
  func forEachMatch(in text: Span<UInt8>, groups: Int = 0, _ body: ([Range<Int>?]) -> Bool) {
    var position = 0
    var previousEnd = -1
    while position <= text.count, let match = firstMatch(in: text, from: position, groups: groups),
      let whole = match.first.flatMap({ $0 })
    {
      let isEmptyAfterMatch = whole.isEmpty && whole.lowerBound == previousEnd
      previousEnd = whole.upperBound
      if !isEmptyAfterMatch, !body(match) { return }
      position =
        whole.upperBound > position ? whole.upperBound : Regex.nextScalar(in: text, after: position)
    }
  }

  /// The name of group `index` (from 1), nil when it has none.
  func groupName(_ index: Int) -> String? {
    guard index > 0, index <= groupCount else { return nil }
    return unsafe cre2_group_name(compiled, index).map { unsafe String(cString: $0) }
  }

  /// Instructions in the compiled program: what a byte of text costs at worst.
  var programSize: Int { unsafe cre2_program_size(compiled) }

  private static func nextScalar(in text: Span<UInt8>, after position: Int) -> Int {
    var next = position + 1
    while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
    return next
  }
}

/// Why a pattern could not be compiled.
struct RegexError: Error, Sendable, CustomStringConvertible {
  var message: String
  var description: String { message }
}
