// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import JSON

/// The walker over JSON that may be incomplete.
@Suite struct JSONWalkerTests {
  static let document = #" {"kind":"List", "items" : [ {"a":[1,2]} , "x\"y", 5 ,{}], "\u0065nd" :null }"#

  /// The result of a walk: keys, and values as text.
  private static func members(_ text: Span<UInt8>) throws(JSONError) -> [String] {
    var walker = JSONWalker()
    var found: [String] = []
    try walker.enterObject(text)
    while let key = try walker.nextKey(text) {
      let name = text.unescaped(key)
      guard name == "items" else {
        found.append("\(name)=\(text.text(try walker.skipValue(text)))")
        continue
      }
      try walker.enterArray(text)
      while try walker.nextElement(text) {
        found.append("\(name)[]=\(text.text(try walker.skipValue(text)))")
      }
    }
    return found
  }

  @Test func givesMembersAndElementsInOrder() throws {
    #expect(
      try Self.members(Array(Self.document.utf8).span) == [
        #"kind="List""#, #"items[]={"a":[1,2]}"#, #"items[]="x\"y""#, "items[]=5", "items[]={}", "end=null",
      ])
  }

  @Test func isTruncatedAtAnyCut() {
    let bytes = Array(Self.document.utf8)
    for cut in 0..<bytes.count {
      #expect(throws: JSONError.truncated, "cut at \(cut)") { try Self.members(Array(bytes[..<cut]).span) }
    }
  }

  @Test(arguments: [
    (#"{"a":1,}"#, 7), (#"{"a":1 "b":2}"#, 7), (#"{,}"#, 1), (#"{"a" 1}"#, 5), ("[]", 0),
    (#"{"items":[1,]}"#, 12),
    (#"{"items":[1 2]}"#, 12), (#"{"items":[,1]}"#, 10), ("{1:2}", 1), (#"{"a":}"#, 5),
  ])
  func namesTheInvalidByte(_ text: String, _ offset: Int) {
    #expect(throws: JSONError.unexpected(at: offset)) { try Self.members(Array(text.utf8).span) }
  }

  @Test func findsTheEndOfStringsOfAnyLength() {
    for length in 0..<80 {
      for tail in ["", #"\\"#, #"\""#, #"\\\""#] {
        let text = String(repeating: "x", count: length) + tail
        let bytes = Array((text + #"" , "more""#).utf8)
        #expect(JSONWalker.endOfString(bytes.span, from: 0) == text.utf8.count, "\(text)")
        #expect(JSONWalker.endOfString(Array(text.utf8).span, from: 0) == nil)
      }
    }
  }

  @Test func tellsStringsFromOtherValues() throws {
    let bytes = Array(#"["a",1,{"b":"c"},"d"]"#.utf8)
    var walker = JSONWalker()
    try walker.enterArray(bytes.span)
    var texts: [String?] = []
    while try walker.nextElement(bytes.span) {
      let range = try walker.stringValue(bytes.span)
      if let range { texts.append(bytes.span.text(range)) } else { texts.append(nil) }
    }
    #expect(texts == ["a", nil, nil, "d"])
    var other = JSONWalker()
    #expect(throws: JSONError.unexpected(at: 0)) { try other.string(bytes.span) }
  }

  @Test func refusesWhatIsTooDeep() {
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: JSONWalker.depthLimit + 1)
    var walker = JSONWalker()
    #expect(throws: JSONError.tooDeep) { try walker.skipValue(deep.span) }
  }

  @Test func readsWordsInPlace() {
    let bytes = Array(#"x"kind"\u0061"#.utf8)
    #expect(bytes.span.reads(2..<6, as: "kind") && !bytes.span.reads(2..<6, as: "kinds"))
    #expect(!bytes.span.reads(2..<6, as: "kinD") && bytes.span.bytes(0..<1) == [UInt8(ascii: "x")])
    #expect(bytes.span.unescaped(7..<13) == "a")
  }

  @Test func describesFaultsInPlainWords() {
    #expect(JSONError.truncated.description.contains("ends inside"))
    #expect(JSONError.unexpected(at: 7).description.contains("7"))
    #expect(JSONError.tooDeep.description.contains("deep"))
    #expect(JSONError.invalidString(at: 3).description.contains("3"))
  }
}
