// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Selectors

/// Selectors of random pieces. None of them traps, and the printed form of a valid selector parses to the
/// same selector.
struct SelectorFuzzTests {
  /// Numbers from a seed (SplitMix64), so that a failure can be repeated.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      return value ^ (value >> 31)
    }
  }

  private static let pieces = [
    "a", "b", "example.com/k", "in", "notin", "1", "-7", "9223372036854775807", "99999999999999999999", " ",
    "\t", ",", "=",
    "==", "!=", "!", "(", ")", ">", "<", "\\", "\\,", "\\=", "\\\\", ".", "_", "é", "e\u{301}", "\0",
    "\u{1F600}",
  ]

  private static func text(_ generator: inout Generator) -> String {
    (0..<Int.random(in: 0...12, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
      .joined()
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func labelSelectorsPrintWhatTheyMean(_ seed: UInt64) {
    var generator = Generator(state: seed)
    for _ in 0..<5_000 {
      let text = SelectorFuzzTests.text(&generator)
      guard let selector = try? LabelSelector(parsing: text) else { continue }
      #expect((try? LabelSelector(parsing: selector.description)) == selector, "\(text)")
      for requirement in selector.requirements {
        let isNegative = [.notIn, .notEquals, .doesNotExist].contains(requirement.operator)
        #expect(requirement.matchesMissing == isNegative)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func fieldSelectorsPrintWhatTheyMean(_ seed: UInt64) {
    var generator = Generator(state: seed)
    for _ in 0..<5_000 {
      let text = SelectorFuzzTests.text(&generator)
      #expect(FieldSelector.terms(of: text).joined(separator: ",").utf8.elementsEqual(text.utf8))
      guard let selector = try? FieldSelector(parsing: text) else { continue }
      let again = try? FieldSelector(parsing: selector.description)
      // Requirements are sorted by their original text, so the order may change once.
      let printed = selector.requirements.map(\.description).sorted()
      #expect(again?.requirements.map(\.description).sorted() == printed, "\(text)")
    }
  }
}
