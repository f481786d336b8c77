// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import JSON

/// The JSON writer.
@Suite struct JSONTextTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test(arguments: [
    ("plain", #""plain""#), ("", #""""#), ("a\"b\\c", #""a\"b\\c""#), ("\n\r\t", #""\n\r\t""#),
    ("\u{0}\u{1F}", #""\u0000\u001f""#),
    ("é😀\u{7F}", "\"é😀\u{7F}\""),
  ]) func escapesNecessaryCharacters(_ text: String, _ expected: String) {
    #expect(JSONText.string(text) == expected)
    var written: [UInt8] = []
    JSONText.append(string: AnySequence(text.utf8), to: &written)
    #expect(written == bytes(expected))
  }

  @Test(arguments: [
    (#"{"\u0061":"\/\u00e9"}"#, #"{"a":"/é"}"#), (#"["\n\u000a"]"#, #"["\n\n"]"#), ("[1,2]", "[1,2]"),
    (#""\ud83d\ude00""#, #""😀""#), (#""\"\\""#, #""\"\\""#), (#"{"a":"\ud800"}"#, "{\"a\":\"\u{FFFD}\"}"),
  ]) func makesEqualStringsEqualBytes(_ text: String, _ expected: String) {
    var written = bytes(text)
    JSONText.normalizeEscapes(in: &written)
    #expect(String(decoding: written, as: UTF8.self) == expected)
  }

  @Test(arguments: [(#"x"a\nb""#, "xa\nb"), ("x12", "x12"), ("x[1]", "x[1]"), (#"x"""#, "x"), ("x\"", "x\"")])
  func removesQuotesOfAString(_ text: String, _ expected: String) {
    var written = bytes(text)
    JSONText.unquote(from: 1, in: &written)
    #expect(String(decoding: written, as: UTF8.self) == expected)
  }

  @Test(arguments: [
    (1.0, "1"), (0.1, "0.1"), (-2.5, "-2.5"), (1e21, "1e+21"), (1e-7, "1e-07"),
    (123456789012345680, "1.2345678901234568e+17"),
  ]) func writesTheShortestDouble(_ value: Double, _ expected: String) {
    var written: [UInt8] = []
    JSONOutput.append(value, to: &written)
    let text = String(decoding: written, as: UTF8.self)
    #expect(Double(text) == value && text.utf8.count <= expected.utf8.count, "\(text)")
  }

  @Test(arguments: [
    (#"{ "a" : [ 1 , "x y" ] , "b" : "\" " }"#, #"{"a":[1,"x y"],"b":"\" "}"#), ("[1]", "[1]"),
    (" 12345678901234567890.50", "12345678901234567890.50"),
  ]) func copiesWithoutWhiteSpaceBetweenTokens(_ text: String, _ expected: String) {
    var written: [UInt8] = []
    PaddedText(text).read { JSONOutput.append(compact: $0, to: &written) }
    #expect(String(decoding: written, as: UTF8.self) == expected)
  }

  @Test func convertsDocuments() throws {
    let value = try JSONValue(parsing: bytes(#"{"a":[true,null,"x",7],"b":{"c":"d"},"e":["f"],"g":1.5}"#))
    #expect(value["a"]?.elements.map { $0 == .null } == [false, true, false, false])
    #expect(
      value["a"]?.elements[0].bool == true && value["a"]?.elements[3].integer == 7
        && value["g"]?.integer == nil)
    #expect(value["a"]?.strings == nil && value["e"]?.strings == ["f"] && value["b"]?["c"]?.string == "d")
    #expect(
      value["nothing"] == nil && value["a"]?["b"] == nil && value["a"]?.members.isEmpty == true
        && value["b"]?.elements.isEmpty == true)
    var writer = JSONWriter(after: bytes("data: "))
    writer.array { writer in
      writer.value(value)
      writer.value(-3)
      writer.value("t")
    }
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == #"data: [{"a":[true,null,"x",7],"b":{"c":"d"},"e":["f"],"g":1.5},-3,"t"]"#)
  }
}
