// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct JSONScanTests {
  func member(_ key: StaticString, _ text: String) -> String? {
    let bytes = Array(text.utf8)
    return JSONScan.member(key, of: bytes, in: 0..<bytes.count).map {
      String(decoding: bytes[$0], as: UTF8.self)
    }
  }

  @Test func findsMembersBesideEverythingThatLooksLikeThem() {
    let line = #" { "x" : "\"type\":\"no\"" , "o":{"type":"inner","a":["}",{"b":"]"}]}, "type" : "T" } "#
    #expect(member("type", line) == #""T""#)
    #expect(member("o", line) == #"{"type":"inner","a":["}",{"b":"]"}]}"#)
    #expect(member("none", line) == nil)
  }

  @Test func theFirstOfDuplicateKeysWins() {
    #expect(member("a", #"{"a":1,"a":2}"#) == "1")
  }

  @Test(arguments: [
    "", "{", "[]", "null", #"{"a"#, #"{"a":"#, #"{"a" 1}"#, #"{"a":"x"#, #"{"a":{"#, #"{1:2}"#, #"{"a":}"#,
  ])
  func staysWithinWhatIsNoJSON(text: String) {
    #expect(member("a", text) == nil)
  }

  @Test func survivesEveryTruncation() {
    let line = Array(message(7).utf8)
    for end in 0..<line.count - 1 {
      let cut = Array(line[..<end])
      let facts = LineFacts(cut, 0..<cut.count)
      #expect(facts.kind == .other || facts.kind == .added)
    }
  }

  @Test func readsNumbersWithinSixtyFourBits() {
    func number(_ text: String) -> UInt64? {
      let bytes = Array(text.utf8)
      return JSONScan.unsigned(bytes, 0..<bytes.count)
    }
    #expect(number("0") == 0)
    #expect(number(#""18446744073709551615""#) == UInt64.max)
    #expect(number("18446744073709551616") == nil)
    #expect(number("-1") == nil)
    #expect(number("1.5") == nil)
    #expect(number(#""""#) == nil)
  }

  @Test func knowsTheTypesOfTheContract() {
    for (type, kind) in [
      ("ADDED", LineFacts.Kind.added), ("MODIFIED", .modified), ("DELETED", .deleted),
      ("BOOKMARK", .bookmark),
      ("ERROR", .error), ("STATUS", .status), ("METRICS", .metrics), ("added", .other),
    ] {
      let bytes = Array(#"{"type":"\#(type)","object":{}}"#.utf8)
      #expect(LineFacts(bytes, 0..<bytes.count).kind == kind)
    }
    let plain = Array(#"{"type":"ADDED"}"#.utf8)
    #expect(LineFacts(plain, 0..<plain.count).kind == .other)
  }
}
