// SPDX-License-Identifier: Apache-2.0

import Events
import Filter
import JSON

extension RawJSON {
  /// The value of a line with ``JSONCursor/padding`` readable bytes after it; nil for an empty line.
  init?(padded line: UnsafeRawBufferPointer) {
    guard let start = unsafe line.assumingMemoryBound(to: UInt8.self).baseAddress, line.count > 0 else {
      return nil
    }
    unsafe self.init(line: start, count: line.count)
  }
}

/// Replaces the type in an event's line; every other byte is kept.
enum EventEdit {
  /// The line with another type and every other byte as it was; nil when it is not an event.
  static func retyped(_ line: UnsafeRawBufferPointer, as type: EventType) -> Line? {
    guard let value = unsafe RawJSON(padded: line), let head = EventHead(value), let end = head.typeValue.end,
      let base = unsafe line.assumingMemoryBound(to: UInt8.self).baseAddress
    else { return nil }
    let first = unsafe JSONCursor(base)
    let name = type.rawValue
    return Line(capacity: line.count + name.utf8.count) { bytes in
      unsafe bytes.append(contentsOf: line[..<(head.typeValue.start - first)])
      bytes.append(contentsOf: "\"\(name)\"".utf8)
      unsafe bytes.append(contentsOf: line[(end - first)...])
    }
  }

  private static let names = ["kind", "apiVersion", "metadata"].map { Array($0.utf8) }
  private static let metadataNames = ["name", "namespace", "uid", "resourceVersion"].map { Array($0.utf8) }

  /// Whether the event's object has more than its identity: a DELETED made after a gap has only kind,
  /// apiVersion and metadata's name, namespace, uid and resourceVersion.
  static func hasBody(_ line: UnsafeRawBufferPointer) -> Bool {
    guard let value = unsafe RawJSON(padded: line), let head = EventHead(value) else { return true }
    return hasOther(than: names, in: head.object)
      || head.object.member("metadata").map { hasOther(than: metadataNames, in: $0) } ?? true
  }

  private static func hasOther(than names: [[UInt8]], in object: RawJSON) -> Bool {
    guard var members = RawJSON.Members(object) else { return true }
    while let (key, _) = members.next() {
      if !names.contains(where: key.isString) { return true }
    }
    return false
  }
}
