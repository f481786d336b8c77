import Events
import Lines
// SPDX-License-Identifier: Apache-2.0
import Process

/// `-o table`: the server's own columns, for people; the first says what happened.
///
/// A page is held until its end so that the columns fit it; later events keep those widths.
final class TablePrinter {
  private let output: OutputWriter
  private let showsNamespace: Bool
  private let usesColour: Bool
  /// Names and positions of the columns that kubectl shows without `-o wide`.
  private var columns: [(name: String, index: Int)] = []
  private var widths: [Int] = []
  private var held: [(EventType, [String])] = []
  private var hasHeader = false

  init(_ output: OutputWriter, showsNamespace: Bool, usesColour: Bool) {
    self.output = output
    self.showsNamespace = showsNamespace
    self.usesColour = usesColour
  }

  /// A row of a list's page; false where it is not JSON.
  func row(_ type: EventType, _ row: Span<UInt8>) -> Bool {
    guard let value = try? JSONValue.parse(row) else { return false }
    held.append((type, [value["object"]?["metadata"]?["namespace"]?.text ?? ""] + cells(value)))
    return true
  }

  func endOfPage(_ meta: ListMeta) throws(OutputError) {
    if !meta.columns.isEmpty, let value = try? JSONValue.parse(meta.columns) { learn(value.elements) }
    try printHeld()
  }

  /// A watch event whose object is a Table of one row; only a stream's first has columns. False where it is not JSON.
  func event(_ type: EventType, _ object: Span<UInt8>) throws(OutputError) -> Bool {
    guard let value = try? JSONValue.parse(object) else { return false }
    if let definitions = value["columnDefinitions"]?.elements, !definitions.isEmpty { learn(definitions) }
    for row in value["rows"]?.elements ?? [] {
      held.append((type, [row["object"]?["metadata"]?["namespace"]?.text ?? ""] + cells(row)))
    }
    try printHeld()
    return true
  }

  func deleted(_ identity: Identity) throws(OutputError) {
    held.append(
      (
        .deleted,
        [String(decoding: identity.namespace, as: UTF8.self), String(decoding: identity.name, as: UTF8.self)]
      ))
    try printHeld()
  }

  private func learn(_ definitions: [JSONValue]) {
    guard columns.isEmpty else { return }
    for (index, definition) in definitions.enumerated() where definition["priority"]?.integer ?? 0 == 0 {
      columns.append((definition["name"]?.text?.uppercased() ?? "", index))
    }
  }

  private func cells(_ row: JSONValue) -> [String] { (row["cells"]?.elements ?? []).map(\.plain) }

  private func printHeld() throws(OutputError) {
    var lines: [(EventType?, [String])] = []
    if !hasHeader, !columns.isEmpty {
      hasHeader = true
      lines.append((nil, ["EVENT"] + (showsNamespace ? ["NAMESPACE"] : []) + columns.map(\.name)))
    }
    for (type, fields) in held {
      let cells = Array(fields.dropFirst())
      let shown = columns.isEmpty ? cells : columns.map { $0.index < cells.count ? cells[$0.index] : "" }
      lines.append((type, [type.rawValue] + (showsNamespace ? [fields[0]] : []) + shown))
    }
    held = []
    for (_, fields) in lines {
      for (index, field) in fields.enumerated() {
        if index >= widths.count { widths.append(0) }
        widths[index] = max(widths[index], field.count)
      }
    }
    // Room for the longest event, so that the columns do not move when one comes.
    if !widths.isEmpty { widths[0] = max(widths[0], 8) }
    for (type, fields) in lines { try output.append(line(type, fields)) }
  }

  private func line(_ type: EventType?, _ fields: [String]) -> String {
    var text = ""
    for (index, field) in fields.enumerated() {
      let isLast = index == fields.count - 1
      // A cell may quote an object's text: a control character must not reach the terminal as one.
      let plain = TerminalText.printable(field)
      let padded =
        isLast ? plain : plain + String(repeating: " ", count: max(0, widths[index] - field.count) + 3)
      text += index == 0 ? colour(type, padded) : padded
    }
    return text + "\n"
  }

  private func colour(_ type: EventType?, _ text: String) -> String {
    guard usesColour, let type else { return text }
    let code =
      switch type {
      case .added: 32
      case .modified: 33
      case .deleted: 31
      default: 0
      }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }
}
