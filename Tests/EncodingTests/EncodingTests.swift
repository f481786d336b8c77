// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Digest
@testable import Encoding

@Suite struct EncodingTests {
  /// RFC 4648 §10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func writesAndReadsBase64(_ text: String, _ encoded: String) {
    #expect(Base64.encode(Array(text.utf8)) == encoded)
    #expect(Base64.decode(encoded.utf8) == Array(text.utf8))
    #expect(Base64.decode(encoded.utf8.filter { $0 != UInt8(ascii: "=") }) == Array(text.utf8))
  }

  @Test(arguments: ["Z", "Zg==Zg", "Z*==", "Zm9vY"])
  func refusesWhatIsNotBase64(_ text: String) { #expect(Base64.decode(text.utf8) == nil) }

  @Test func readsBothAlphabetsAndWhiteSpace() {
    #expect(Base64.decode("+/-_\n".utf8) == [0xFB, 0xFF, 0xBF])
  }

  @Test func writesHexadecimal() { #expect(Hexadecimal.encode([0, 0x0A, 0xFF]) == "000aff") }

  @Test(arguments: [("a b", "a%20b"), ("ü/~", "%C3%BC%2F~"), ("", "")])
  func escapesAndUnescapesPercent(_ text: String, _ escaped: String) {
    #expect(PercentEncoding.encode(text) == escaped)
    #expect(PercentEncoding.decode(escaped, plusIsSpace: false) == text)
  }

  @Test func keepsInvalidPercentEscapes() {
    #expect(PercentEncoding.decode("%zz%4+%", plusIsSpace: true) == "%zz%4 %")
  }

  @Test func makesUUIDs() {
    let text = UUIDText.random()
    #expect(text.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
    #expect(UUIDText.random() != text)
  }

  /// The examples of FIPS 180-4.
  @Test func computesDigests() {
    #expect(Hexadecimal.encode(Digest.sha1(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    #expect(
      Hexadecimal.encode(Digest.sha256(Array("abc".utf8)))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(Digest.sha256([]).count == 32)
  }
}

@Suite struct RFC3339Tests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", Int64(0)), ("1969-12-31T23:59:59.5Z", -500_000_000),
    ("2000-02-29T12:00:00+01:00", 951_822_000_000_000_000),
    ("2026-11-21T08:00:00.123456789Z", 1_795_248_000_123_456_789),
    ("9999-12-31T23:59:59Z", .max), ("0001-01-01T00:00:00Z", .min),
  ])
  func reads(_ text: String, _ nanoseconds: Int64) { #expect(RFC3339.nanoseconds(text) == nanoseconds) }

  @Test(arguments: [
    "", "2026-11-21", "2026-11-21T08:00:00", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T08:00:00.Z", "2026-11-21T08:00:00+1:00",
    "2026-11-21T08:00:00Zx", "2026-11-21T08:00:00+-1:00", "2026-11-21T08:00:00++1:00",
    "2026-11-21T08:00:00+24:00",
    "2026-11-21T08:00:00+01:60", "2026-11-21T08:00:00+01:+5", "+026-11-21T08:00:00Z",
  ])
  func refuses(_ text: String) { #expect(RFC3339.nanoseconds(text) == nil) }

  @Test(arguments: [Int64.min, -1, 0, 1_795_248_000_123_456_789, .max])
  func readsWhatItWrote(_ nanoseconds: Int64) {
    #expect(RFC3339.nanoseconds(RFC3339.text(nanoseconds: nanoseconds)) == nanoseconds)
  }

  @Test func writesOneSecondAfterAnother() {
    var writer = RFC3339Writer()
    #expect(String(decoding: writer.text(1), as: UTF8.self) == "1970-01-01T00:00:00.000000001Z")
    #expect(String(decoding: writer.text(2_000_000_003), as: UTF8.self) == "1970-01-01T00:00:02.000000003Z")
  }
}
