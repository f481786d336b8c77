// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import Lines
import Process

/// The output for the rows of one scope's tables.
protocol TableView: AnyObject {
  /// A row of a list; it may be held until the end of the page.
  func add(_ type: EventType, _ row: TableRow, _ reader: TableReader)
  /// The columns' widths and the rows' order are known now.
  func endOfPage(_ reader: TableReader) throws(OutputError)
}

/// `-o table` in a pipe: a line for each event, with the event's type in front.
///
/// A page is held until its end, so that the columns fit it. Later events keep those widths.
final class TablePrinter: TableView {
  private let output: OutputWriter
  private let showsNamespace: Bool
  private let usesColour: Bool
  private var widths: [Int] = []
  private var held: [(type: EventType, row: TableRow)] = []
  private var hasHeader = false

  init(_ output: OutputWriter, showsNamespace: Bool, usesColour: Bool) {
    self.output = output
    self.showsNamespace = showsNamespace
    self.usesColour = usesColour
  }

  func add(_ type: EventType, _ row: TableRow, _ reader: TableReader) { held.append((type, row)) }

  func endOfPage(_ reader: TableReader) throws(OutputError) {
    // Events, which alone know when they were seen: the newest last.
    held.sort { ($0.row.lastSeen?.nanoseconds ?? 0) < ($1.row.lastSeen?.nanoseconds ?? 0) }
    var lines: [(EventType?, [String])] = []
    if !hasHeader, !reader.columns.isEmpty {
      hasHeader = true
      lines.append((nil, ["EVENT"] + (showsNamespace ? ["NAMESPACE"] : []) + reader.columns))
    }
    for (type, row) in held {
      lines.append((type, [type.rawValue] + (showsNamespace ? [row.namespace] : []) + row.cells))
    }
    held = []
    for (_, fields) in lines {
      for (index, field) in fields.enumerated() {
        if index >= widths.count { widths.append(0) }
        widths[index] = max(widths[index], TableText.width(field))
      }
    }
    // Space for the longest event type, so that the columns never move.
    if !widths.isEmpty { widths[0] = max(widths[0], 8) }
    for (type, fields) in lines { try output.append(line(type, fields)) }
  }

  private func line(_ type: EventType?, _ fields: [String]) -> String {
    let padded = TableText.row(fields, widths)
    guard usesColour, let type, let end = padded.firstIndex(of: " ") else { return padded + "\n" }
    return "\u{1B}[\(TableText.colour(type))m\(padded[..<end])\u{1B}[0m\(padded[end...])\n"
  }
}
