// SPDX-License-Identifier: Apache-2.0

package import JSON

/// What makes a line an event: a `type` that is one of ``EventType``'s and an `object` that is a JSON object, in any order.
///
/// Of repeated keys the first counts. Every other line is a plain one, whatever keys it has: a log line with a `type` and an
/// `object` of its own stays what it is. This is the one place that decides.
package struct EventHead: Sendable {
  package let type: EventType
  /// The value of `type`.
  package let typeValue: RawJSON
  /// The value of `object`; it starts here, and was not walked.
  package let object: RawJSON

  /// The head of a line; nil when the line is not an event. Walks no further than to the later of the two keys.
  @inline(__always)
  package init?(_ line: RawJSON) {
    guard line.start < line.limit, line.start.byte == UInt8(ascii: "{") else { return nil }
    guard let head = Self.inOrder(line) ?? Self.anywhere(line) else { return nil }
    self = head
  }

  private init(type: EventType, typeValue: RawJSON, object: RawJSON) {
    self.type = type
    self.typeValue = typeValue
    self.object = object
  }

  private static let typeKey = Array("type".utf8)
  private static let objectKey = Array("object".utf8)

  /// Both values, where they come first and in this order, without white space: as all our tools write them.
  private static func inOrder(_ line: RawJSON) -> EventHead? {
    guard starts(line.start, line.limit, with: "{\"type\":\"") else { return nil }
    let value = RawJSON(line.start + 8, limit: line.limit)
    guard let type = type(of: value) else { return nil }
    let end = value.start + type.rawValue.utf8.count + 2
    guard starts(end, line.limit, with: ",\"object\":{") else { return nil }
    return EventHead(type: type, typeValue: value, object: RawJSON(end + 10, limit: line.limit))
  }

  private static func anywhere(_ line: RawJSON) -> EventHead? {
    guard var members = RawJSON.Members(line) else { return nil }
    var type: (EventType, RawJSON)?
    var object: RawJSON?
    while type == nil || object == nil {
      guard let (key, value) = members.next() else { return nil }
      if type == nil, key.isString(typeKey) {
        guard let known = Self.type(of: value) ?? value.string.flatMap(EventType.init(rawValue:)) else {
          return nil
        }
        type = (known, value)
      } else if object == nil, key.isString(objectKey) {
        guard value.kind == .object else { return nil }
        object = value
      }
    }
    guard let type, let object else { return nil }
    return EventHead(type: type.0, typeValue: type.1, object: object)
  }

  /// The type that a string without escapes spells.
  @inline(__always)
  private static func type(of value: RawJSON) -> EventType? {
    guard value.limit - value.start > 2, value.start.byte == UInt8(ascii: "\"") else { return nil }
    let candidates: (EventType, StaticString)?
    switch value.start[1] {
    case UInt8(ascii: "A"): candidates = (.added, "\"ADDED\"")
    case UInt8(ascii: "B"): candidates = (.bookmark, "\"BOOKMARK\"")
    case UInt8(ascii: "D"): candidates = (.deleted, "\"DELETED\"")
    case UInt8(ascii: "E"): candidates = (.error, "\"ERROR\"")
    case UInt8(ascii: "M"):
      candidates =
        value.start[2] == UInt8(ascii: "O") ? (.modified, "\"MODIFIED\"") : (.metrics, "\"METRICS\"")
    case UInt8(ascii: "S"): candidates = (.status, "\"STATUS\"")
    default: candidates = nil
    }
    guard let (type, text) = candidates, starts(value.start, value.limit, with: text) else { return nil }
    return type
  }

  @inline(__always)
  private static func starts(_ cursor: JSONCursor, _ limit: JSONCursor, with text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard limit - cursor >= count else { return false }
    for index in 0..<count where unsafe cursor[index] != text.utf8Start[index] { return false }
    return true
  }
}
