// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import JSON

/// Equality of values without decoding. Numbers are compared by value, strings by code points, and objects in
/// any order.
@Suite struct EqualityTests {
  static let equal: [(String, String)] = [
    ("1", "1.0"), ("1e2", "100"), ("-0", "0"), ("true", "true"), ("null", "null"), (#""a""#, #""\u0061""#),
    (#""é""#, #""\u00e9""#), ("[1, 2]", "[1,2]"), ("{}", "{ }"), (#"{"a":1,"b":[2]}"#, #"{"b":[2.0],"a":1}"#),
    (#"{"a":{"b":{"c":[{}]}}}"#, #"{"a" : {"b":{"c":[{}]}}}"#), (#"{"\u0061":1}"#, #"{"a":1}"#),
    (#"{"a":1,"b":2,"\u0061":3}"#, #"{"a":1,"b":2,"\u0061":4}"#),
    (#"{"a":1,"a":2,"b":3}"#, #"{"b":3,"a":1}"#),
    ("18446744073709551615", "18446744073709551615"), (#"{"a":1,"a":2}"#, #"{"a":1,"a":3}"#),
    (#""\ud83d\ude00x""#, #""😀x""#),
    (#""\t\n\b\f\r\"\\\/""#, #""\u0009\u000a\u0008\u000c\u000D\u0022\u005c\u002f""#),
    (#""\ud83d""#, "\"\u{FFFD}\""), (#""\u0000a""#, #""\u0000\u0061""#),
    (#"{"\u0061b":1,"c":2}"#, #"{"c":2,"a\u0062":1}"#),
  ]

  static let different: [(String, String)] = [
    ("1", "2"), ("1", #""1""#), ("true", "false"), ("null", "false"), ("null", "0"), (#""a""#, #""b""#),
    ("[1]", "[1,2]"),
    ("[1,2]", "[2,1]"), ("[]", "{}"), (#"{"a":1}"#, #"{"a":2}"#), (#"{"a":1}"#, #"{"b":1}"#),
    (#"{"a":1}"#, #"{"a":1,"b":2}"#),
    (#""\ud83d\ude00""#, #""\ud83d\ufffd""#), (#""a\u0062""#, #""a\u0062c""#), (#""a\tb""#, #""a\tc""#),
    (#""\t""#, #""t""#),
    (#""\u00e9""#, #""\u00c3\u00a9""#), (#""\u0000""#, #""""#), (#"{"\u0061b":1}"#, #"{"\u0061bc":1}"#),
    (#""é""#, "\"e\u{301}\""), ("9223372036854775807", "9223372036854775808"), ("-1", "18446744073709551615"),
    (#"{"a":1,"b":2,"c":3}"#, #"{"c":3,"b":2,"a":2}"#), (#"{"a":1,"a":2}"#, #"{"a":2,"a":1}"#),
  ]

  private func areEqual(_ left: String, _ right: String) -> Bool {
    let (first, second) = (PaddedText(left), PaddedText(right))
    return first.read { left in
      second.read { right in
        var work = RawJSON.ComparisonWork()
        return left.isEqual(to: right, &work)
      }
    }
  }

  @Test(arguments: equal) func isByValue(_ left: String, _ right: String) {
    #expect(areEqual(left, right) && areEqual(right, left))
    #expect(areEqual("[\(left)]", "[ \(right) ]") && areEqual(#"{"k":\#(left)}"#, #"{"k":\#(right)}"#))
  }

  @Test(arguments: different) func distinguishesValues(_ left: String, _ right: String) {
    #expect(!areEqual(left, right) && !areEqual(right, left))
    #expect(!areEqual("[\(left)]", "[\(right)]"))
  }

  @Test func holdsForObjectsOfManyKeysInAnyOrder() {
    let keys = (0..<40).map { #""key\#($0)":{"v":[\#($0)]}"# }
    #expect(areEqual("{\(keys.joined(separator: ","))}", "{\(keys.reversed().joined(separator: ","))}"))
    #expect(
      !areEqual("{\(keys.joined(separator: ","))}", "{\(keys.dropLast().reversed().joined(separator: ","))}"))
  }
}
