// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// The parts of one event of a watch stream: `{"type":T,"object":{…}}`, in any order, with any spaces.
struct WatchLine {
  let type: EventType
  /// The position of the object's `{`.
  let objectStart: Int
  /// Whether the line has the form that kwatch writes, so that it can be printed unchanged.
  let isCanonical: Bool

  /// - Returns: nil for a type that no version of the API has.
  /// - Throws: `JSONError` for a line that is not an event.
  init?(_ line: Span<UInt8>) throws(JSONError) {
    var parts = Self.canonical(line)
    if parts == nil { parts = try Self.anyForm(line) }
    // STATUS and METRICS are this toolkit's own; no API server sends them.
    guard let parts, parts.type != .status, parts.type != .metrics else { return nil }
    (type, objectStart, isCanonical) = parts
  }

  /// The object's bytes. Reads all of them, so use it only for lines that cannot be printed unchanged.
  func object(in line: Span<UInt8>) throws(JSONError) -> Range<Int> {
    var walker = JSONWalker(at: objectStart)
    return try walker.skipValue(line)
  }

  private typealias Parts = (type: EventType, objectStart: Int, isCanonical: Bool)

  private static let prefixes: [(EventType, StaticString)] = [
    (.modified, "{\"type\":\"MODIFIED\",\"object\":{"), (.added, "{\"type\":\"ADDED\",\"object\":{"),
    (.deleted, "{\"type\":\"DELETED\",\"object\":{"), (.bookmark, "{\"type\":\"BOOKMARK\",\"object\":{"),
    (.error, "{\"type\":\"ERROR\",\"object\":{"),
  ]

  /// The form that kube-apiserver sends, recognised by its first and last bytes.
  private static func canonical(_ line: Span<UInt8>) -> Parts? {
    guard line.count > 32, line[line.count - 1] == UInt8(ascii: "}"),
      line[line.count - 2] == UInt8(ascii: "}")
    else { return nil }
    for (type, prefix) in prefixes {
      let length = prefix.utf8CodeUnitCount
      if line.reads(0..<length, as: prefix) { return (type, length - 1, true) }
    }
    return nil
  }

  /// Every other form, by the definition that all tools share. That needs a copy, as libcurl's buffer has no padding.
  private static func anyForm(_ line: Span<UInt8>) throws(JSONError) -> Parts? {
    let padded = PaddedBytes()
    let parts: Parts? = unsafe line.withUnsafeBufferPointer { bytes in
      let copy = unsafe padded.copy(bytes)
      guard let start = copy.baseAddress,
        let head = unsafe EventHead(RawJSON(line: start, count: copy.count))
      else { return nil }
      return unsafe (head.type, head.object.start.address - start, false)
    }
    if let parts { return parts }
    let value = try JSONValue(parsing: line)
    guard case .object = value["object"], let type = value["type"]?.string, EventType(rawValue: type) == nil
    else { throw .unexpected(at: 0) }
    return nil
  }
}
