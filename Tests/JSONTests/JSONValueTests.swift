// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import JSON

@Suite struct JSONValueTests {
  @Test(arguments: [
    "null", "true", "-0.5e+10", "12345678901234567890123", #""a\"b""#, "[]", "{}",
    #"{"a":[1,{"b":null}],"c":"d"}"#,
  ])
  func writesWhatItRead(_ text: String) throws {
    let value = try JSONValue(parsing: Array(text.utf8))
    var writer = JSONWriter()
    writer.value(value)
    #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
  }

  @Test(arguments: [
    "", "nul", "01", "1.", "-", "+1", "1e", ".5", #""a"#, #""\x""#, #""\u12""#, #""\ud800""#, "\"a\nb\"",
    "[1,]",
    "[,1]", "[1 2]", "{,}", #"{"a":1,}"#, #"{"a" 1}"#, #"{"a":1 "b":2}"#, "{1:2}", "1 2", "[1}", "\u{B}1",
  ])
  func refusesWhatIsNotJSON(_ text: String) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
  }

  @Test func refusesWhatIsNotUTF8() {
    #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
  }

  @Test func readsEscapedKeysAndFirstOfDuplicates() throws {
    let value = try JSONValue(parsing: Array(#"{"n\u0061me":"\ud83d\ude00","name":2}"#.utf8))
    #expect(value["name"]?.string == "😀")
  }

  @Test func limitsDepth() throws {
    let deep = Array(String(repeating: "[", count: 40).utf8) + Array(String(repeating: "]", count: 40).utf8)
    #expect(throws: Never.self) { try JSONValue(parsing: deep) }
    #expect(throws: JSONError.tooDeep) { try JSONValue(parsing: deep, depthLimit: 39) }
    let endless = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
    #expect(throws: JSONError.tooDeep) { try JSONValue(parsing: endless) }
  }

  @Test func isTruncatedAtEveryCut() {
    let text = Array(#"{"a":[1,{"b":"c\n"}],"d":tru"#.utf8)
    for cut in text.indices {
      #expect(throws: JSONError.truncated) {
        var walker = JSONWalker()
        _ = try walker.skipValue(Array(text[..<cut]).span)
      }
    }
  }

  @Test func writesNestedContainers() {
    var writer = JSONWriter()
    writer.array { writer in
      writer.object { writer in
        writer.member("a\"", "\u{1}")
        writer.member("b", 1)
        writer.member("c", raw: [UInt8(ascii: "7")])
      }
      writer.value(true)
      writer.array { _ in }
      writer.null()
    }
    #expect(String(decoding: writer.bytes, as: UTF8.self) == #"[{"a\"":"\u0001","b":1,"c":7},true,[],null]"#)
  }
}
