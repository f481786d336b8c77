// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

/// Compares the check of a value that arrives in pieces with the check of whole lines.
@Suite struct JSONCheckTests {
  /// The offset after the value if its bytes are cut at `cut`; nil if it is not JSON or is incomplete.
  private func end(_ check: JSONCheck, _ bytes: [UInt8], cut: Int) -> Int? {
    check.begin()
    for (start, piece) in [(0, Array(bytes[..<cut])), (cut, Array(bytes[cut...]))] {
      switch check.next(piece.span) {
      case .whole(let end): return start + end
      case .unfinished: continue
      case .broken: return nil
      }
    }
    return nil
  }

  static let values = [
    #"{"a":[1,-2.5e-3,0,true,false,null,"x\u00e9\n\"\\",{}],"b":{"c":[]},"d":"é","":""}"#, "[]", "{}",
    "[[],[[]]]",
    #""\ud83d\ude00""#, "12", "-0.5E+7", "null", " { \"a\" :\t1 , \"b\"\n:[ ] } ",
  ]

  @Test(arguments: values) func findsTheEndAtAnySplit(_ value: String) {
    let check = JSONCheck()
    let start = Array(value.utf8)
    let expected = value.hasSuffix(" ") ? start.count - 1 : start.count
    for cut in 0...start.count {
      #expect(end(check, start + Array(",{".utf8), cut: cut) == expected, "cut at \(cut)")
    }
  }

  @Test func doesNotEndBeforeTheLastByte() {
    let check = JSONCheck()
    let text = Array(Self.values[0].utf8)
    for count in 0..<text.count {
      check.begin()
      let outcome = check.next(Array(text[..<count]).span)
      #expect(outcome == .unfinished, "\(count) bytes")
    }
  }

  @Test(arguments: [
    (#"{"a":"\n\r","b":[1, 2]}"#, false), ("{\n\"a\":1}", true), ("[1,\r2]", true), ("[1\n,2]", true),
    ("\n[1]", true), ("[]\n", false),
  ])
  func seesALineBreakBetweenTokensWhereverItIsCut(_ text: String, _ expected: Bool) {
    let check = JSONCheck()
    let bytes = Array(text.utf8)
    for cut in 0...bytes.count {
      _ = end(check, bytes, cut: cut)
      #expect(check.hasLineBreak == expected, "cut at \(cut)")
    }
  }

  @Test func isASCIIOnlyWithoutAHighByteWhereverItIs() {
    let check = JSONCheck()
    for count in 0..<40 {
      let text = "[\"" + String(repeating: "x", count: count)
      _ = end(check, Array((text + "\",1]").utf8), cut: count)
      #expect(check.isASCII)
      for tail in ["é\"]", "é" + String(repeating: "y", count: 20) + "\"]"] {
        _ = end(check, Array((text + tail).utf8), cut: count)
        #expect(!check.isASCII, "after \(count) bytes")
      }
    }
  }

  @Test(arguments: [
    "[1 2]", "{\"a\" 1}", "{\"a\":1,}", "[1,]", "[,1]", "{,}", "{a:1}", "[01]", "[1.]", "[tru]",
    "[\"\u{1}\"]", "[\"\\x\"]",
    "[\"\\u12g4\"]", "[}", "{]", "[1}", "{\"a\":1]", "[+1]", "[.5]", "[nulll]", "[1e]", "[-]", "]", "'a'",
  ])
  func refusesInvalidJSONAtAnySplit(_ text: String) {
    let check = JSONCheck()
    let bytes = Array((text + " ").utf8)
    for cut in 0...bytes.count { #expect(end(check, bytes, cut: cut) == nil, "cut at \(cut)") }
  }

  @Test func keepsKindsOfBracketsAtAnyDepth() {
    let check = JSONCheck()
    let open = String(repeating: #"[{"a":"#, count: 300)
    let close = String(repeating: "}]", count: 300)
    let good = Array((open + "1" + close).utf8)
    let bad = Array((open + "1" + close.dropLast(2) + "]}").utf8)
    for cut in stride(from: 0, through: good.count, by: 41) {
      #expect(end(check, good, cut: cut) == good.count)
      #expect(end(check, bad, cut: cut) == nil)
    }
  }
}
