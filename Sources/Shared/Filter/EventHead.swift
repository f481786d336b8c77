// SPDX-License-Identifier: Apache-2.0

package import JSON

/// Whether a line is a watch event, and of which type: a line with `type` and `object` is.
package struct EventHead: Sendable {
  /// The value of `type`.
  package let type: RawJSON
  /// The value of `object`; it starts here, and was not walked.
  package let object: RawJSON

  /// The head of a line; nil when the line is no event. Looks at the first two keys only where they are these two.
  package init?(_ line: RawJSON) {
    guard var members = RawJSON.Members(line) else { return nil }
    if let (type, object) = EventHead.inOrder(line) {
      self.type = type
      self.object = object
      return
    }
    var type: RawJSON?
    var object: RawJSON?
    while type == nil || object == nil {
      guard let (key, value) = members.next() else { return nil }
      if type == nil, key.isString(EventHead.typeKey) {
        type = value
      } else if object == nil, key.isString(EventHead.objectKey) {
        object = value
      }
    }
    guard let type, let object else { return nil }
    self.type = type
    self.object = object
  }

  private static let typeKey = Array("type".utf8)
  private static let objectKey = Array("object".utf8)

  /// Both values, where they come first and in this order, written without white space: as all our tools do.
  private static func inOrder(_ line: RawJSON) -> (type: RawJSON, object: RawJSON)? {
    guard starts(line.start, line.limit, with: "{\"type\":") else { return nil }
    let type = RawJSON(line.start + 8, limit: line.limit)
    guard type.start < line.limit, let end = type.end, starts(end, line.limit, with: ",\"object\":") else {
      return nil
    }
    let object = RawJSON(end + 10, limit: line.limit)
    return object.start < object.limit ? (type, object) : nil
  }

  @inline(__always)
  private static func starts(_ cursor: JSONCursor, _ limit: JSONCursor, with text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard limit - cursor >= count else { return false }
    for index in 0..<count where unsafe cursor[index] != text.utf8Start[index] { return false }
    return true
  }

  /// Whether the event is about the stream itself: BOOKMARK, ERROR or STATUS.
  package var isControl: Bool {
    guard type.start.byte == UInt8(ascii: "\"") else { return false }
    switch type.start[1] {
    case UInt8(ascii: "B"): return type.isString(EventHead.bookmark)
    case UInt8(ascii: "E"): return type.isString(EventHead.error)
    case UInt8(ascii: "S"): return type.isString(EventHead.status)
    default: return false
    }
  }

  private static let bookmark = Array("BOOKMARK".utf8)
  private static let error = Array("ERROR".utf8)
  private static let status = Array("STATUS".utf8)
}
