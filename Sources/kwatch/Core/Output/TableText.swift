// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events

/// Text in the columns of a terminal.
enum TableText {
  /// Cells side by side, three blanks apart, the last one without blanks after it.
  static func row(_ cells: [String], _ widths: [Int]) -> String {
    var text = ""
    for (index, cell) in cells.enumerated() {
      text += cell
      guard index < cells.count - 1 else { break }
      let width = index < widths.count ? widths[index] : 0
      text += String(repeating: " ", count: max(0, width - Self.width(cell)) + 3)
    }
    return text
  }

  /// Narrows the widest columns, to 20 characters at least, until a row fits: one long name must not hide all other
  /// columns.
  static func fitted(_ widths: [Int], to limit: Int) -> [Int] {
    var widths = widths.map { min($0, max(20, limit)) }
    var excess = widths.reduce(0, +) + 3 * (widths.count - 1) - limit
    while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > 20 {
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  /// The width of a text in columns. Wide characters (East Asian Width W and F, emoji) count two.
  static func width(_ text: String) -> Int {
    if text.utf8.count == text.utf8.lazy.count(where: { $0 < 0x80 }) { return text.utf8.count }
    return text.reduce(0) { $0 + width($1) }
  }

  private static func width(_ character: Character) -> Int {
    let scalars = character.unicodeScalars
    guard let first = scalars.first else { return 0 }
    // Emoji by themselves, by a variation selector, and flags.
    if first.properties.isEmojiPresentation || scalars.contains("\u{FE0F}") { return 2 }
    switch first.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18CFF,
      0x1B000...0x1B2FF,
      0x1F200...0x1F2FF, 0x20000...0x3FFFD:
      return 2
    default: break
    }
    switch first.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return 1
    }
  }

  /// A text truncated to a width, with an ellipsis.
  static func cut(_ text: String, to limit: Int) -> String {
    guard width(text) > limit else { return text }
    var (result, used) = ("", 0)
    for character in text {
      used += width(character)
      guard used < limit else { break }
      result.append(character)
    }
    return limit > 0 ? result + "…" : ""
  }

  /// The colour of an event, as an SGR parameter.
  static func colour(_ type: EventType) -> Int {
    switch type {
    case .added: 32
    case .modified: 33
    case .deleted: 31
    default: 0
    }
  }

  /// An age as kubectl writes it: at most two units, and one for long ages.
  static func age(since time: Timestamp, now: Timestamp) -> String {
    let seconds = max(0, (now.nanoseconds - time.nanoseconds) / 1_000_000_000)
    func two(_ large: Int64, _ unit: String, _ small: Int64, _ smallUnit: String) -> String {
      small == 0 ? "\(large)\(unit)" : "\(large)\(unit)\(small)\(smallUnit)"
    }
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400)
    if seconds < 120 { return "\(seconds)s" }
    if minutes < 10 { return two(minutes, "m", seconds % 60, "s") }
    if hours < 3 { return "\(minutes)m" }
    if hours < 8 { return two(hours, "h", minutes % 60, "m") }
    if hours < 48 { return "\(hours)h" }
    if days < 8 { return two(days, "d", hours % 24, "h") }
    if days < 730 { return "\(days)d" }
    return days < 2920 ? two(days / 365, "y", days % 365, "d") : "\(days / 365)y"
  }
}
