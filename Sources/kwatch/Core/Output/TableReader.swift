// SPDX-License-Identifier: Apache-2.0
import Encoding
import JSON
import Process

/// A row of a table, for people.
struct TableRow: Equatable {
  var namespace = ""
  var name = ""
  /// One for each column that is shown, without control characters.
  var cells: [String] = []
  /// The time of the object's creation, from which AGE is counted.
  var created: Timestamp?
  /// The time an event was last seen, by which events are sorted.
  var lastSeen: Timestamp?
}

/// Reads the rows of one resource's Tables (`meta.k8s.io/v1`): only the first has column definitions.
struct TableReader {
  /// kubectl shows columns of priority 0, and with `-o wide` the others, too.
  private let isWide: Bool
  /// LAST SEEN includes the count and the first time, as in `kubectl events`.
  private let isEvents: Bool
  private(set) var columns: [String] = []
  private var indices: [Int] = []
  private var places: [String: Int] = [:]

  init(isWide: Bool, isEvents: Bool) {
    self.isWide = isWide
    self.isEvents = isEvents
  }

  /// The column whose text changes with time.
  var ageColumn: Int? { columns.firstIndex(of: isEvents ? "LAST SEEN" : "AGE") }

  mutating func learn(_ definitions: [JSONValue]) {
    guard columns.isEmpty else { return }
    for (index, definition) in definitions.enumerated() {
      let name = definition["name"]?.string?.uppercased() ?? ""
      places[name] = index
      guard isWide || definition["priority"]?.integer ?? 0 == 0 else { continue }
      columns.append(Self.plain(name))
      indices.append(index)
    }
  }

  func row(_ value: JSONValue) -> TableRow {
    let object = value["object"]
    let metadata = object?["metadata"]
    let cells = (value["cells"]?.elements ?? []).map(Self.cell)
    var row = TableRow(
      namespace: Self.plain(metadata?["namespace"]?.string ?? ""),
      name: Self.plain(metadata?["name"]?.string ?? ""),
      cells: columns.isEmpty ? cells : indices.map { $0 < cells.count ? cells[$0] : "" },
      created: metadata?["creationTimestamp"]?.string.flatMap(Timestamp.init(rfc3339:)))
    if isEvents, let object { describe(&row, object, cells) }
    return row
  }

  private func describe(_ row: inout TableRow, _ object: JSONValue, _ cells: [String]) {
    let times = [
      object["series"]?["lastObservedTime"], object["lastTimestamp"], object["deprecatedLastTimestamp"],
      object["eventTime"], object["firstTimestamp"],
    ]
    row.lastSeen = times.lazy.compactMap { $0?.string.flatMap(Timestamp.init(rfc3339:)) }.first ?? row.created
    let count =
      (object["series"]?["count"] ?? object["count"] ?? object["deprecatedCount"])?.integer
      ?? places["COUNT"].flatMap { $0 < cells.count ? Int(cells[$0]) : nil } ?? 1
    guard count > 1, let column = columns.firstIndex(of: "LAST SEEN"), column < row.cells.count else {
      return
    }
    let first = places["FIRST SEEN"].flatMap { $0 < cells.count ? cells[$0] : nil }
    row.cells[column] += " (x\(count)\(first.map { " over \($0)" } ?? ""))"
  }

  /// The text of a cell, as kubectl prints it.
  private static func cell(_ value: JSONValue) -> String {
    switch value {
    case .null: "<none>"
    case .bool(let flag): flag ? "true" : "false"
    case .number(let text), .string(let text): plain(text)
    case .array(let elements): elements.map(cell).joined(separator: ",")
    case .object(let members): plain(members.map(\.key).joined(separator: ","))
    }
  }

  /// A text as one line without control characters.
  static func plain(_ text: String) -> String {
    TerminalText.printable(text.replacing("\t", with: " ").replacing("\n", with: " "))
  }
}
