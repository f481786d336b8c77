// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Process

@Suite struct TerminalTextTests {
  @Test(arguments: [
    ("plain\tüñ€😀", "plain\tüñ€😀"), ("\u{1B}[31mred", "?[31mred"), ("\u{9B}31m", "?31m"),
    ("a\u{7F}b\u{0}", "a?b?"), ("two\nlines\r", "two?lines?"),
    // Bidirectional overrides and isolates, which would change the order of the text, and line separators.
    ("\u{202E}evil", "?evil"), ("a\u{2066}b\u{2069}", "a?b?"), ("\u{2028}x\u{200F}", "?x?"),
    ("👩‍👩‍👧e\u{301}", "👩‍👩‍👧e\u{301}"),
  ])
  func printsNoControlCharacters(_ text: String, _ shown: String) {
    #expect(TerminalText.printable(text) == shown)
  }
}
