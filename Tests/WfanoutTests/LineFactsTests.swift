// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct LineFactsTests {
  func facts(_ text: String) -> (LineFacts, (LineParts.Name) -> String?) {
    let bytes = Array(text.utf8)
    let facts = (bytes + Batch.zeros).withJSON(bytes.indices) { LineScanner().facts($0, from: $1) }
    return (facts, { part in facts.parts[part].map { String(decoding: bytes[$0], as: UTF8.self) } })
  }

  @Test func findsPartsBesideEverythingThatLooksLikeThem() {
    let object = #"{"type":"inner","a":["}",{"b":"]"}],"kind":"K","metadata":{"x":{"name":"no"},"name":"n"}}"#
    let line = #" { "x" : "\"type\":\"no\"" , "object":"# + object + #", "type" : "ADDED", "kind":"no" } "#
    let (facts, part) = facts(line)
    #expect(facts.kind == .added)
    #expect(part(.object) == object)
    #expect(part(.kind) == #""K""#)
    #expect(part(.name) == #""n""#)
    #expect(part(.namespace) == nil)
  }

  @Test func theFirstOfDuplicateKeysWins() {
    let (facts, part) = facts(#"{"type":"ADDED","type":"x","object":{"kind":"a","kind":"b"},"object":{}}"#)
    #expect(facts.kind == .added)
    #expect(part(.kind) == #""a""#)
  }

  @Test func keysMayHaveEscapes() {
    let (_, part) = facts(#"{"type":"ADDED","object":{"metadata":{"n\u0061mespace":"a"}}}"#)
    #expect(part(.namespace) == #""a""#)
  }

  @Test func onlyStringsAreNamesAndVersions() {
    let (facts, part) = facts(
      #"{"type":"ADDED","object":{"kind":{},"metadata":{"name":1,"resourceVersion":7}},"event_type":null}"#)
    #expect(facts.versionHash == 0)
    for name in LineParts.Name.allCases where name != .object { #expect(part(name) == nil) }
  }

  @Test(arguments: [
    "", "{", "[]", "null", #"{"a"#, #"{"object":"#, #"{"object" 1}"#, #"{"object":"x"#, #"{"object":{"#,
    #"{1:2}"#, #"{"object":}"#,
  ])
  func staysWithinInvalidJSON(text: String) {
    #expect(facts(text).1(.object) == nil)
  }

  @Test func survivesEveryTruncation() {
    let line = message(7)
    for end in 0..<line.utf8.count - 1 {
      let kind = facts(String(line.prefix(end))).0.kind
      #expect(kind == .other || kind == .added)
    }
  }

  @Test func readsNumbersWithinSixtyFourBits() {
    func number(_ text: String) -> UInt64? {
      facts(#"{"type":"ADDED","object":{},"source":{"epoch":1,"sequence":\#(text)}}"#).0.sourceID?.sequence
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
      #expect(facts(#"{"type":"\#(type)","object":{}}"#).0.kind == kind)
    }
    #expect(facts(#"{"type":"ADDED"}"#).0.kind == .other)
    #expect(facts(#"{"type":"ADDED","object":1}"#).0.kind == .other, "an event has an object")
  }
}
