// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Process

@Suite struct TerminalTextTests {
  @Test(arguments: [
    ("plain\tüñ€😀", "plain\tüñ€😀"), ("\u{1B}[31mred", "?[31mred"), ("\u{9B}31m", "?31m"),
    ("a\u{7F}b\u{0}", "a?b?"), ("two\nlines\r", "two?lines?"),
  ])
  func showsNoControlCharacter(_ text: String, _ shown: String) {
    #expect(TerminalText.printable(text) == shown)
  }
}
