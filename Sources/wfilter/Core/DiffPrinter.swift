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
  private var finder: ChangeFinder
  private let usesColour: Bool
  private var previous: PreviousLines
  private var lastTime: (millisecond: Int64, text: [UInt8]) = (.min, [])

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
    style(type == .deleted || type == .error ? "1;31" : "1", to: &bytes) { bytes in
      bytes += timeText(time)
      if let type { bytes += " \(type.rawValue)".utf8 }
      _ = append(object.member(Self.kind), after: " ", to: &bytes)
      let start = bytes.count
      let metadata = object.member(Self.metadata)
      let isInNamespace = append(metadata?.member(Self.namespace), after: " ", to: &bytes)
      if !append(metadata?.member(Self.name), after: isInNamespace ? "/" : " ", to: &bytes) {
        bytes.removeSubrange(start...)
        if hasKey { bytes += " ".utf8 + keys.text(line, head: head, context: LineContext()) }
      }
      for key in ["reason", "message"] where type == .error {
        _ = append(object.member(key), after: " ", to: &bytes)
      }
      for key in ["tool", "health", "reason"] where type == .status {
        _ = append(object.member(key), after: " ", skipsEmpty: true, to: &bytes)
      }
    }
    bytes.append(0x0A)
  }

  private static let kind = Array("kind".utf8)
  private static let metadata = Array("metadata".utf8)
  private static let namespace = Array("namespace".utf8)
  private static let name = Array("name".utf8)

  /// Appends a string's text after a separator. False if the value is not a string.
  private func append(
    _ value: RawJSON?, after separator: Unicode.Scalar, skipsEmpty: Bool = false, to bytes: inout [UInt8]
  ) -> Bool {
    let start = bytes.count
    bytes.append(UInt8(ascii: separator))
    let isString = value?.appendString(to: &bytes) == true
    if !isString || skipsEmpty && bytes.count == start + 1 { bytes.removeSubrange(start...) }
    return isString
  }

  /// A time in milliseconds: many lines have the same one.
  private func timeText(_ time: Timestamp) -> [UInt8] {
    let millisecond = time.nanoseconds / 1_000_000
    if millisecond != lastTime.millisecond { lastTime = (millisecond, Array("\(time)".utf8)) }
    return lastTime.text
  }

  private func append(_ change: Change, to bytes: inout [UInt8]) {
    bytes += "  ".utf8
    style("36", to: &bytes) { Self.append(change.path, to: &$0) }
    bytes += ": ".utf8
    if let old = change.old {
      style("31", to: &bytes) {
        if change.value == nil { $0.append(UInt8(ascii: "-")) }
        Self.append(old, to: &$0)
      }
    }
    if change.old != nil, change.value != nil { bytes += " -> ".utf8 }
    if let value = change.value {
      style("32", to: &bytes) {
        if change.old == nil { $0.append(UInt8(ascii: "+")) }
        Self.append(value, to: &$0)
      }
    }
    bytes.append(0x0A)
  }

  /// Appends what `write` appends, in a colour, and without control characters.
  private func style(_ code: String, to bytes: inout [UInt8], _ write: (inout [UInt8]) -> Void) {
    if usesColour { bytes += "\u{1B}[\(code)m".utf8 }
    let start = bytes.count
    write(&bytes)
    // Most text is plain ASCII.
    if bytes[start...].contains(where: { $0 < 0x20 || $0 > 0x7E }) {
      let text = TerminalText.printable(String(decoding: bytes[start...], as: UTF8.self))
      bytes.replaceSubrange(start..., with: text.utf8)
    }
    if usesColour { bytes += "\u{1B}[0m".utf8 }
  }

  /// Appends a path as an expression writes it.
  private static func append(_ path: [PathPattern.Step], to bytes: inout [UInt8]) {
    let start = bytes.count
    for step in path {
      switch step {
      case .key(let name):
        let isName = name.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
          default: false
          }
        }
        if isName, let first = name.first, first > UInt8(ascii: "9") {
          if bytes.count > start { bytes.append(UInt8(ascii: ".")) }
          bytes += name
        } else {
          bytes += "[\(JSONText.string(String(decoding: name, as: UTF8.self)))]".utf8
        }
      case .index(let index): bytes += "[\(index)]".utf8
      case .all: bytes += "[*]".utf8
      }
    }
    if bytes.count == start { bytes += "(line)".utf8 }
  }

  /// Characters of a value that are printed.
  private static let longest = 120

  private static func append(_ value: RawJSON, to bytes: inout [UInt8]) {
    let start = bytes.count
    JSONOutput.append(compact: value, to: &bytes)
    guard bytes.count - start > longest else { return }
    let text = String(decoding: bytes[start...], as: UTF8.self)
    if text.count > longest { bytes.replaceSubrange(start..., with: "\(text.prefix(longest))…".utf8) }
  }
}
