// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import Lines
import Process

/// One scope's rows in a ``LiveTable``, sorted as kubectl sorts them: by namespace and name, events by time.
final class LiveSection: TableView {
  private struct Entry {
    var row: TableRow
    var type: EventType
    /// The time of the last event; nil if the row exists since the start.
    var changed: Duration?
  }

  private struct Key: Hashable {
    var namespace: String
    var name: String
  }

  private let title: String
  private let showsNamespace: Bool
  private var reader: TableReader?
  private var entries: [Key: Entry] = [:]
  private var deleted: Set<Key> = []
  /// In the order of the table; nil: it is to be sorted again.
  private var order: [Key]?
  /// The first list is complete; later events are changes.
  private var isListed = false
  /// Whether something must be drawn.
  var changed: () -> Void = {}

  init(_ title: String, showsNamespace: Bool) {
    self.title = TableReader.plain(title)
    self.showsNamespace = showsNamespace
  }

  var isEmpty: Bool { reader == nil }

  func add(_ type: EventType, _ row: TableRow, _ reader: TableReader) {
    let key = Key(namespace: row.namespace, name: row.name)
    var row = row
    // A synthetic DELETED has no cells, so those of the last state are struck out.
    if type == .deleted, let known = entries[key]?.row, row.cells.count <= 1 { row = known }
    if type == .deleted { deleted.insert(key) } else { deleted.remove(key) }
    let known = entries.updateValue(
      Entry(row: row, type: type, changed: isListed ? MonotonicClock.now : nil), forKey: key)
    if known == nil || known?.row.lastSeen != row.lastSeen { order = nil }
    self.reader = reader
    changed()
  }

  func endOfPage(_ reader: TableReader) {
    self.reader = reader
    isListed = true
    changed()
  }

  /// Removes rows that have been struck out for five seconds.
  func removeDeleted(_ now: Duration) {
    for key in deleted where now - (entries[key]?.changed ?? .zero) >= LiveTable.deletionTime {
      entries[key] = nil
      deleted.remove(key)
      order = nil
    }
  }

  /// The table in at most `rows` lines of at most `columns` characters.
  func lines(_ now: Duration, rows: Int, columns: Int, usesColour: Bool, showsTitle: Bool) -> [String] {
    guard let reader else { return [] }
    let sorted = order ?? entries.sorted { Self.isBefore($0.value.row, $1.value.row) }.map(\.key)
    order = sorted
    let room = rows - 1 - (showsTitle ? 1 : 0)
    let count = sorted.count > room ? max(0, room - 1) : sorted.count
    // If events do not fit, the newest are shown.
    let isByTime = sorted.last.flatMap { entries[$0]?.row.lastSeen } != nil
    let shown = (isByTime ? sorted.suffix(count) : sorted.prefix(count)).compactMap { entries[$0] }
    let clock = Timestamp.now
    let header = (showsNamespace ? ["NAMESPACE"] : []) + reader.columns
    let cells = shown.map { (showsNamespace ? [$0.row.namespace] : []) + aged($0.row, reader, clock) }
    var widths = header.map(TableText.width)
    for row in cells {
      for (index, cell) in row.enumerated() where index < widths.count {
        widths[index] = max(widths[index], TableText.width(cell))
      }
    }
    widths = TableText.fitted(widths, to: columns)
    var lines = showsTitle ? [title] : []
    lines.append(TableText.row(header, widths))
    for (entry, row) in zip(shown, cells) {
      let row = row.enumerated().map { index, cell in
        index < widths.count ? TableText.cut(cell, to: widths[index]) : cell
      }
      let text = TableText.cut(TableText.row(row, widths), to: columns)
      lines.append(Self.decorate(text, entry, now, usesColour))
    }
    if count < sorted.count { lines.append("… and \(sorted.count - count) more") }
    return lines.enumerated().map {
      $0.offset < (showsTitle ? 2 : 1) ? TableText.cut($0.element, to: columns) : $0.element
    }
  }

  private static func isBefore(_ left: TableRow, _ right: TableRow) -> Bool {
    if let first = left.lastSeen, let second = right.lastSeen, first != second { return first < second }
    return (left.namespace, left.name) < (right.namespace, right.name)
  }

  private func aged(_ row: TableRow, _ reader: TableReader, _ clock: Timestamp) -> [String] {
    guard let column = reader.ageColumn, column < row.cells.count, let time = row.lastSeen ?? row.created
    else {
      return row.cells
    }
    var cells = row.cells
    // `(x3 over 5m)` stays.
    let count = cells[column].split(separator: " ", maxSplits: 1).dropFirst().first.map { " \($0)" } ?? ""
    cells[column] = TableText.age(since: time, now: clock) + count
    return cells
  }

  private static func decorate(_ text: String, _ entry: Entry, _ now: Duration, _ usesColour: Bool) -> String
  {
    guard let changed = entry.changed else { return text }
    let isDeleted = entry.type == .deleted
    guard isDeleted || usesColour && now - changed < LiveTable.highlightTime else { return text }
    var codes = isDeleted ? ["9"] : []
    if usesColour { codes.append("\(TableText.colour(entry.type))") }
    return "\u{1B}[\(codes.joined(separator: ";"))m\(text)\u{1B}[0m"
  }
}
