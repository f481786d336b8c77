// SPDX-License-Identifier: Apache-2.0

import CRE2

/// A compiled regular expression in RE2's syntax. The time of a search is linear in the text.
///
/// Immutable, so any number of threads can use one instance. Offsets are in UTF-8 bytes.
@safe final class Regex: @unchecked Sendable {
  /// The maximum length of a pattern, in bytes.
  static let patternLimit = 64 * 1024

  /// The pattern as it was written.
  let pattern: String
  /// The cost of searches with this pattern.
  let shape: RegexShape
  /// The number of instructions of the compiled program.
  let programSize: Int
  /// The number of capturing groups, without the whole match.
  let groupCount: Int
  // RE2's const operations lock internally, hence the unchecked conformance above.
  private let compiled: OpaquePointer
  /// Whether RE2 may find a match inside a character: it tests `\B` between any two bytes.
  private let mayMatchInsideCharacters: Bool

  /// Compiles `pattern`. Its program and cached automaton may use `memoryLimit` bytes.
  ///
  /// - Throws: `RegexError` if the pattern is malformed, longer than `patternLimit`, or needs more memory.
  init(_ pattern: String, shape: RegexShape? = nil, memoryLimit: Int = 8 << 20) throws(RegexError) {
    guard pattern.utf8.count <= Regex.patternLimit else {
      throw RegexError(message: "error parsing regexp: expression is longer than \(Regex.patternLimit) bytes")
    }
    self.pattern = pattern
    self.shape = shape ?? RegexShape(Array(pattern.utf8))
    mayMatchInsideCharacters = pattern.utf8.count >= 2 && RegexSyntax.hasNonBoundary(Array(pattern.utf8))
    let source = try RegexSyntax.adaptedToRE2(Array(pattern.utf8))
    var message = [CChar](repeating: 0, count: 256)
    let compiled = unsafe source.withUnsafeBufferPointer { source in
      unsafe message.withUnsafeMutableBufferPointer { message in
        unsafe cre2_compile(
          source.baseAddress, source.count, memoryLimit, message.baseAddress, message.count)
      }
    }
    guard let compiled = unsafe compiled else {
      let reason = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if reason.hasPrefix("pattern too large") { throw RegexError.tooLarge }
      throw RegexError(message: "error parsing regexp: \(reason)\(Regex.remedy(reason))")
    }
    unsafe self.compiled = compiled
    programSize = unsafe cre2_program_size(compiled)
    groupCount = unsafe cre2_group_count(compiled)
  }

  deinit { unsafe cre2_delete(compiled) }

  /// The remedy for a feature that RE2 does not have, because it cannot be matched in linear time.
  private static func remedy(_ reason: String) -> String {
    if ["(?=", "(?!", "(?<=", "(?<!", "(?P<=", "(?P<!"].contains(where: reason.contains) {
      return " (RE2 has no lookahead and no lookbehind)"
    }
    let isBackReference = reason.contains("invalid escape sequence") && reason.last?.isNumber == true
    return isBackReference ? " (RE2 has no back references)" : ""
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

  /// The leftmost match that starts at or after byte `from`: the whole match, then the groups. A group that
  /// did not take part in the match is nil.
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

  /// RE2's first match, which may be inside a character.
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

  /// Calls `body` with each match that does not overlap an earlier one. As in Go's `FindAll`, an empty match
  /// directly after a match does not count.
  ///
  /// Each search is charged for the bytes from its start to the end of its match, and for further bytes if
  /// RE2 may have looked for a longer match.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - groups: The number of groups to report.
  ///   - meter: The meter that is charged.
  ///   - body: Receives the whole match and the groups; returns false to stop.
  /// - Throws: `costLimitExceeded`, and the errors of `body`
  func forEachMatch(
    in text: Span<UInt8>, groups: Int = 0, _ meter: inout Meter,
    _ body: ([Range<Int>?], inout Meter) throws(EvaluationError) -> Bool
  ) throws(EvaluationError) {
    var position = 0
    var previousEnd = -1
    var readEnd = 0
    // RE2 creates the states that the text leads to once. After that, each byte is cheap.
    try meter.spend(shape.searchCost(text.count) + 4)
    while position <= text.count,
      let match = try affordableMatch(in: text, from: position, groups: groups, &meter),
      let whole = match.first.flatMap({ $0 })
    {
      readEnd = max(readEnd, whole.upperBound)
      if shape.readsPastMatch {
        while readEnd < text.count, shape.alphabet.contains(text[readEnd]) { readEnd += 1 }
      }
      try meter.spend(matchCost(read: max(readEnd, whole.upperBound) - position, match: whole.count, groups))
      let isEmptyAfterMatch = whole.isEmpty && whole.lowerBound == previousEnd
      previousEnd = whole.upperBound
      if !isEmptyAfterMatch, try !body(match, &meter) { return }
      position =
        whole.upperBound > position ? whole.upperBound : Regex.nextScalar(in: text, after: position)
    }
  }

  /// The next match. If its groups may cost more than what is left, it is first found without them, so that they are
  /// searched only where the match is short enough.
  func affordableMatch(
    in text: Span<UInt8>, from position: Int, groups: Int, _ meter: inout Meter
  ) throws(EvaluationError) -> [Range<Int>?]? {
    if meter.remaining < matchCost(read: 0, match: text.count - position, groups) {
      guard let whole = firstMatch(in: text, from: position)?.first.flatMap({ $0 }) else { return nil }
      let cost = matchCost(read: 0, match: whole.count, groups)
      if meter.remaining < cost { try meter.spend(cost) }
    }
    return firstMatch(in: text, from: position, groups: groups)
  }

  /// The cost of one search that has read `read` bytes. RE2 finds groups by a second search of the match.
  private func matchCost(read: Int, match: Int, _ groups: Int) -> Int {
    14 + read / 10 + (shape.mayExhaustMemory ? read.multipliedSaturated(by: shape.costOfState) : 0)
      + (min(groups, groupCount) > 0 ? match.multipliedSaturated(by: shape.costOfState) : 0)
  }

  /// The maximum cost of one search of a text.
  func searchCost(_ byteCount: Int, groups: Int = 0) -> Int {
    shape.searchCost(byteCount).addingSaturated(matchCost(read: 0, match: byteCount, groups))
  }

  private static func nextScalar(in text: Span<UInt8>, after position: Int) -> Int {
    var next = position + 1
    while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
    return next
  }
}

/// Why a pattern could not be compiled.
struct RegexError: Error, Sendable, CustomStringConvertible {
  var message: String
  /// Whether the pattern is well formed, but needs too much memory.
  var isTooLarge = false
  var description: String { message }

  static let remedy =
    "Counted repetitions of Unicode classes, such as \\pL{1,128}, are the largest: use ASCII classes, or \\pL+ and size()"
  static let tooLarge = RegexError(
    message: "error parsing regexp: the pattern is too large. \(remedy)", isTooLarge: true)
}
