// SPDX-License-Identifier: Apache-2.0

/// The screen of a terminal, with the functions that kwatch's live table uses: text, line breaks, cursor up
/// and home, erasing, and attributes (ECMA-48).
struct Screen {
  private(set) var lines: [[(character: Character, attributes: String)]] = [[]]
  private var row = 0
  private var column = 0
  private var attributes = ""
  /// Control sequences that a live table must not use.
  private(set) var unknown: [String] = []

  init(_ text: String) {
    var scalars = Substring(text).unicodeScalars
    while let scalar = scalars.popFirst() {
      switch scalar {
      case "\u{1B}": escape(&scalars)
      case "\n": newline()
      case "\r": column = 0
      default: put(Character(scalar))
      }
    }
  }

  var text: [String] { lines.map { String($0.map(\.character)) } }

  /// The lines that have an attribute (an SGR parameter) somewhere.
  func text(with attribute: String) -> [String] {
    lines.filter { $0.contains { $0.attributes.split(separator: ";").contains(Substring(attribute)) } }
      .map { String($0.map(\.character)) }
  }

  private mutating func put(_ character: Character) {
    while lines[row].count <= column { lines[row].append((" ", "")) }
    lines[row][column] = (character, attributes)
    column += 1
  }

  private mutating func newline() {
    row += 1
    column = 0
    while lines.count <= row { lines.append([]) }
  }

  private mutating func escape(_ scalars: inout Substring.UnicodeScalarView) {
    guard scalars.popFirst() == "[" else { return unknown.append("ESC") }
    var parameters = ""
    while let scalar = scalars.popFirst() {
      guard scalar.value >= 0x40 else {
        parameters.unicodeScalars.append(scalar)
        continue
      }
      switch (scalar, parameters) {
      case ("A", let count): row = max(0, row - (Int(count) ?? 1))
      case ("H", ""): (row, column) = (0, 0)
      case ("K", ""): lines[row] = Array(lines[row].prefix(column))
      case ("J", ""):
        lines[row] = Array(lines[row].prefix(column))
        lines.removeLast(lines.count - row - 1)
      case ("J", "2"): lines = Array(repeating: [], count: row + 1)
      case ("l", "?7"), ("h", "?7"): break
      case ("m", let sgr): attributes = sgr == "0" ? "" : sgr
      default: unknown.append("[\(parameters)\(scalar)")
      }
      return
    }
  }
}
