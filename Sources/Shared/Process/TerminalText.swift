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

  /// Whether a character commands the terminal, or changes the order in which it shows others (Unicode's bidirectional
  /// controls, UAX #9).
  package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09: false
    case 0x00..<0x20, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
