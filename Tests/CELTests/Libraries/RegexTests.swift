// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Regular expressions over RE2.
struct RegexTests {
  private func findAll(_ pattern: String, _ text: String) throws -> [String] {
    let bytes = Array(text.utf8)
    var found: [String] = []
    var meter = Meter(1_000_000)
    try Regex(pattern).forEachMatch(in: bytes.span, &meter) { match, _ in
      guard let whole = match.first.flatMap({ $0 }) else { return false }
      found.append(String(decoding: bytes[whole], as: UTF8.self))
      return true
    }
    return found
  }

  @Test func matchesAnywhereAndEmpty() throws {
    #expect(try Regex("b+").matches("abbc"))
    #expect(try !Regex("^b").matches("abbc"))
    #expect(try Regex("").matches(""))
    #expect(try Regex("^é.$").matches("éü"))
  }

  @Test(arguments: ["(", "a**", "[", "(?P<n", "\\", "x{1001}", "((a{100}){100}){100}", "\\C"])
  func refuses(_ pattern: String) {
    #expect(throws: RegexError.self) { try Regex(pattern) }
  }

  @Test func refusesAnOverlongPattern() {
    #expect(throws: RegexError.self) { try Regex(String(repeating: "a", count: Regex.patternLimit + 1)) }
  }

  @Test func findsAllAsGoDoes() throws {
    #expect(try findAll("a*", "baaac") == ["", "aaa", ""])
    #expect(try findAll("", "éa") == ["", "", ""])
    #expect(try findAll("\\b", "ab c") == ["", "", "", ""])
    #expect(try findAll("[^,]*", "a,,b") == ["a", "", "b"])
    #expect(try findAll("^a", "aaa") == ["a"])
  }

  @Test func findsNonBoundariesOnlyBetweenCharacters() throws {
    #expect(try findAll("\\B", "xé漢x").count == 1)
    #expect(try !Regex("\\B").matches("xéx"))
    #expect(try Regex("\\B").matches("xx"))
    #expect(try Regex("\\Bé").matches("éé"))
  }

  /// RE2 searches a match again for its groups, which takes longer than to find it.
  @Test func groupsAreSearchedOnlyIfTheyCanBePaid() throws {
    let regex = try Regex("(.*)(.*)x?")
    let long = Array(String(repeating: "a", count: 100_000).utf8)
    var poor = Meter(100_000)
    #expect(throws: EvaluationError.self) {
      try regex.affordableMatch(in: long.span, from: 0, groups: 2, &poor)
    }
    let lines = Array("ab\n".utf8) + long
    var enough = Meter(100_000)
    let short = try regex.affordableMatch(in: lines.span, from: 0, groups: 2, &enough)
    #expect(short == [0..<2, 0..<2, 2..<2] && enough.remaining == 100_000)
    var rich = Meter(1_000_000)
    #expect(try regex.affordableMatch(in: long.span, from: 0, groups: 2, &rich)?.count == 3)
    #expect(try regex.affordableMatch(in: long.span, from: 100_001, groups: 2, &poor) == nil)
  }

  @Test func acceptsBothSpellingsOfGroupNames() throws {
    let regex = try Regex("(?<first>a)[(?<x>]\\Q(?<\\E(?P<last>b)(c)?")
    #expect(regex.groupCount == 3)
    let match = regex.firstMatch(in: Array("a((?<b".utf8).span, groups: 3)
    #expect(match == [0..<6, 0..<1, 5..<6, nil])
  }
}
