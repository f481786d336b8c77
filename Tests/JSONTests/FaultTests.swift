// SPDX-License-Identifier: Apache-2.0

import CJSON
import Testing

@testable import JSON

/// Serialized, because the choice of CPU instructions applies to the whole process.
@Suite(.serialized) struct FaultTests {
  static let instructions = ["baseline", "avx2", "avx512"]

  /// A text, the result of the quick check, the result of the strict one.
  static let cases: [(String, LineFault?, LineFault?)] = [
    (#"{"a":1}"#, nil, nil), (" {} \r", nil, nil), ("[]", nil, nil), ("5", nil, nil), (#""x""#, nil, nil),
    (#"{"a":1"#, .truncated, .truncated), (#"{"a":"x"#, .truncated, .truncated),
    (#"{"a":[1}"#, .mismatched, .mismatched),
    (#"{"a":1} x"#, .trailing, .trailing), (#"{"a":1}}"#, .trailing, .trailing),
    ("{}{}", .trailing, .trailing),
    ("", .noValue, .noValue), ("nonsense", .noValue, .noValue), ("}", .noValue, .noValue),
    (#"{"a":tru}"#, nil, .grammar), (#"{"a" 1}"#, nil, .grammar), (#"{"a":1,}"#, nil, .grammar),
    (#"{"a":01}"#, nil, .grammar), ("[1,]", nil, .grammar), ("[,1]", nil, .grammar),
    (#"{"a":"\x"}"#, nil, .grammar),
    ("{\"a\":\"\t\"}", nil, .grammar), (#"{"a":"\u12g4"}"#, nil, .grammar), (#"{"a\\":"}\"]"}"#, nil, nil),
    (#"{1:2}"#, nil, .grammar), ("[1 2]", nil, .grammar), ("tru", .noValue, .noValue),
    ("1 2", .trailing, .trailing),
    ("[truefalse]", nil, .grammar), ("[1true]", nil, .grammar), (#"{"a"#, .truncated, .truncated),
    (#"["\u12"#, .truncated, .truncated), (#""\x""#, .noValue, .noValue), ("2026-11-28", .noValue, .noValue),
  ]

  @Test(arguments: instructions) func findsFaults(_ name: String) {
    guard unsafe json_use_instructions(name) else { return }
    defer { unsafe _ = json_use_instructions("avx512") || json_use_instructions("avx2") }
    for (text, quick, strict) in Self.cases {
      #expect(PaddedText(text).fault() == quick, "\(name): \(text)")
      #expect(PaddedText(text).fault(strictly: true) == strict, "\(name) strictly: \(text)")
    }
    let invalid: [UInt8] = Array(#"{"a":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
    #expect(PaddedText(invalid).fault() == .notUTF8)
    #expect(PaddedText(invalid).fault(strictly: true) == .notUTF8)
  }

  @Test(arguments: instructions) func followsStringsAcrossBlocks(_ name: String) {
    guard unsafe json_use_instructions(name) else { return }
    defer { unsafe _ = json_use_instructions("avx512") || json_use_instructions("avx2") }
    for length in 0..<200 {
      for tail in ["", "\\\\", "\\\"", "\\\\\\\"", "}", "\\\\\\\\"] {
        let text = #"{"k":["# + "\"" + String(repeating: "y", count: length) + tail + "\",{\"z\":[]}]}"
        let line = PaddedText(text)
        #expect(line.fault() == nil, "\(name): \(text)")
        #expect(line.read { $0.text } == text, "\(name): \(text)")
        #expect(PaddedText(String(text.dropLast())).fault() == .truncated)
        #expect(PaddedText(text + "]").fault() == .trailing)
      }
    }
  }

  @Test(arguments: instructions) func nestsToAnyDepth(_ name: String) {
    guard unsafe json_use_instructions(name) else { return }
    defer { unsafe _ = json_use_instructions("avx512") || json_use_instructions("avx2") }
    for depth in [1, 2, 63, 64, 65, 127, 128, 129, 1000, 100_000] {
      let opening = String(repeating: #"[{"a":"#, count: depth)
      let closing = String(repeating: "}]", count: depth)
      #expect(PaddedText(opening + "1" + closing).fault() == nil)
      #expect(PaddedText(opening + "1" + closing).fault(strictly: true) == nil)
      #expect(PaddedText(opening + "1" + closing.dropLast()).fault() == .truncated)
      #expect(PaddedText(opening + "1]" + closing.dropFirst()).fault() == .mismatched)
      let told = PaddedText(opening + #""[[[""# + closing).read { $0.depth }
      #expect((2 * depth...2 * depth + 63).contains(told))
    }
  }
}
