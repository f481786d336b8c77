// SPDX-License-Identifier: Apache-2.0

/// Text of unknown origin that is shown on a terminal.
package enum TerminalText {
  /// The text with each control character but the tab as `?`: C0 and DEL, and C1, whose U+009B starts a terminal's
  /// commands as ESC [ does (ECMA-48 §5.3).
  package static func printable(_ text: some StringProtocol) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return String(text) }
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: text.unicodeScalars.map { isControl($0) ? "?" : $0 })
    return String(scalars)
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
  }
}
