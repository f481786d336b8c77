// SPDX-License-Identifier: Apache-2.0

import Encoding
import Events
import Filter
import JSON
import Process

/// `--diff`: prints a line's time, type, kind and name, and below it the changes since the previously printed
/// line of the same key.
final class DiffPrinter {
  private var keys: KeyFinder
  private let finder: ChangeFinder
  private let usesColour: Bool
  private var previous: PreviousLines

  init(_ expressions: Expressions, _ configuration: Configuration) {
    keys = KeyFinder(expressions.key)
    finder = ChangeFinder(ignoring: configuration.scope.ignored)
    usesColour = configuration.usesColour
    previous = PreviousLines([[]], limit: configuration.state.keysLimit)
  }

  /// Appends the output for a line, which becomes its key's previous line. Prints nothing for a bookmark.
  func append(_ line: RawJSON, at time: Timestamp, to bytes: inout [UInt8]) {
    let head = EventHead(line)
    if head?.type == .bookmark { return }
    let isControl = head?.type.isControl == true
    let key = isControl ? nil : keys.find(line, head: head, context: LineContext())
    appendTitle(line, head, time, hasKey: key != nil, to: &bytes)
    guard let key else { return }
    if head?.type != .deleted, let old = previous.line(of: key) {
      for change in finder.changes(from: old, to: line) { append(change, to: &bytes) }
    }
    previous.remember(key, line, isDeleted: head?.type == .deleted)
  }

  private func appendTitle(
    _ line: RawJSON, _ head: EventHead?, _ time: Timestamp, hasKey: Bool, to bytes: inout [UInt8]
  ) {
    let (type, object) = (head?.type, head?.object ?? line)
    var words = ["\(time)"]
    if let type { words.append(type.rawValue) }
    let metadata = object.member("metadata")
    if let kind = object.member("kind")?.string { words.append(kind) }
    if let name = metadata?.member("name")?.string {
      words.append((metadata?.member("namespace")?.string).map { "\($0)/\(name)" } ?? name)
    } else if hasKey {
      words.append(String(decoding: keys.text(line, head: head, context: LineContext()), as: UTF8.self))
    }
    for key in ["reason", "message"] where type == .error {
      if let text = object.member(key)?.string { words.append(text) }
    }
    if type == .status {
      for key in ["tool", "health", "reason"] {
        if let text = object.member(key)?.string, !text.isEmpty { words.append(text) }
      }
    }
    style(type == .deleted || type == .error ? "1;31" : "1", words.joined(separator: " "), to: &bytes)
    bytes.append(0x0A)
  }

  private func append(_ change: Change, to bytes: inout [UInt8]) {
    bytes += "  ".utf8
    style("36", Self.dotted(change.path), to: &bytes)
    bytes += ": ".utf8
    if let old = change.old { style("31", (change.value == nil ? "-" : "") + Self.text(old), to: &bytes) }
    if change.old != nil, change.value != nil { bytes += " -> ".utf8 }
    if let value = change.value { style("32", (change.old == nil ? "+" : "") + Self.text(value), to: &bytes) }
    bytes.append(0x0A)
  }

  private func style(_ code: String, _ text: String, to bytes: inout [UInt8]) {
    let plain = TerminalText.printable(text)
    bytes += (usesColour ? "\u{1B}[\(code)m\(plain)\u{1B}[0m" : plain).utf8
  }

  /// A path as an expression writes it.
  private static func dotted(_ path: [PathPattern.Step]) -> String {
    var text = ""
    for step in path {
      switch step {
      case .key(let name):
        let key = String(decoding: name, as: UTF8.self)
        let isName = key.unicodeScalars.allSatisfy {
          ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "_"
        }
        if isName, let first = key.unicodeScalars.first, !("0"..."9").contains(first) {
          text += text.isEmpty ? key : ".\(key)"
        } else {
          text += "[\(JSONText.string(key))]"
        }
      case .index(let index): text += "[\(index)]"
      case .all: text += "[*]"
      }
    }
    return text.isEmpty ? "(line)" : text
  }

  /// Characters of a value that are printed.
  private static let longest = 120

  private static func text(_ value: RawJSON) -> String {
    var bytes: [UInt8] = []
    JSONOutput.append(compact: value, to: &bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    return text.count > longest ? text.prefix(longest) + "…" : text
  }
}
