// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import JSON

@Suite struct RawJSONTests {
  @Test func readsMembersInPlace() {
    let line = PaddedText(#" {"a" : {"b":[1, "x", {"c":null}]}, "\u0064":"e\n\ud83d\ude00", "a":2}"#)
    line.read(checkMembers)
  }

  private func checkMembers(_ value: RawJSON) {
    #expect(value.member(at: ["a", "b"])?.text == #"[1, "x", {"c":null}]"#)
    #expect(value.member("d")?.string == "e\n😀")
    #expect(value.member("nothing") == nil)
    let elements = value.member(at: ["a", "b"]).flatMap { RawJSON.Elements($0) }.map { Array($0) }
    #expect(elements?.map(\.kind) == [.number, .string, .object])
  }

  static let numbers: [(String, JSONNumber)] = [
    ("0", JSONNumber.int(0)), ("-0", .int(0)), ("-1", .int(-1)), ("1.0", .double(1)), ("1e3", .double(1000)),
    ("9223372036854775807", .int(.max)), ("9223372036854775808", .uint(1 << 63)),
    ("-9223372036854775808", .int(.min)), ("-9223372036854775809", .double(-9_223_372_036_854_775_808)),
    ("18446744073709551615", .uint(.max)), ("18446744073709551616", .double(18_446_744_073_709_551_616)),
    ("1e400", .double(.infinity)), ("-1e400", .double(-.infinity)), ("1e-400", .double(0)),
    ("0.1", .double(0.1)), ("2.2250738585072014e-308", .double(2.2250738585072014e-308)),
  ]

  @Test(arguments: numbers)
  func typesNumbersByTheirText(_ text: String, _ expected: JSONNumber) {
    #expect(PaddedText(text).read { $0.number } == expected)
  }

  static let otherNumbers: [String] = [
    "01", "1.", ".5", "-", "+1", "1e", "0x1", "1_000", "-inf", "NaN", "--1", "1-1",
  ]

  @Test(arguments: otherNumbers)
  func refusesOtherNumbers(_ text: String) {
    #expect(PaddedText(text).read { $0.number } == nil)
  }

  static let strings: [(String, String)] = [
    (#"a\/b\"\\"#, "a/b\"\\"), (#"\u00e9\u4e2d"#, "é中"), (#"\ud83d"#, "\u{FFFD}"), (#"\ude00x"#, "\u{FFFD}x"),
    (#"\ud83dA"#, "\u{FFFD}A"), (#"\u0000"#, "\0"), ("é", "é"),
  ]

  @Test(arguments: strings)
  func decodesStrings(_ content: String, _ expected: String) {
    #expect(PaddedText("\"\(content)\"").read { $0.string } == expected)
  }
}
