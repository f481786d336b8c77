// SPDX-License-Identifier: Apache-2.0

package import JSON

/// The definition of an event: a `type` that is an ``EventType`` and an `object` that is a JSON object, in
/// any order.
///
/// The first of repeated keys wins. Every other line is a plain line, whatever keys it has, for example a log
/// line with other values of `type` and `object`. All tools use this definition.
package struct EventHead: Sendable {
  package let type: EventType
  /// The value of `type`.
  package let typeValue: RawJSON
  /// The value of `object`. It starts here, and was not validated.
  package let object: RawJSON

  /// The head of a line; nil if the line is not an event. Reads no further than the later of the two keys.
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

  private static let typeKey = ShortKey("type")
  private static let objectKey = ShortKey("object")

  /// Both values if they come first, in this order and without white space, as all our tools write them.
  @inline(__always)
  private static func inOrder(_ line: RawJSON) -> EventHead? {
    guard word(line.start) == Word.typeKey else { return nil }
    let value = RawJSON(line.start + 8, limit: line.limit)
    guard let (type, count) = type(at: value.start) else { return nil }
    let end = value.start + count
    guard line.limit - end >= 11, word(end) == Word.objectKey, end[8] == UInt8(ascii: "\""),
      end[9] == UInt8(ascii: ":"),
      end[10] == UInt8(ascii: "{")
    else { return nil }
    return EventHead(type: type, typeValue: value, object: RawJSON(end + 10, limit: line.limit))
  }

  /// Eight bytes, the first one lowest. They may reach into the line's padding.
  @inline(__always)
  private static func word(_ cursor: JSONCursor) -> UInt64 {
    unsafe UnsafeRawPointer(cursor.address).loadUnaligned(as: UInt64.self).littleEndian
  }

  private enum Word {
    /// `{"type":`
    static let typeKey: UInt64 = 0x3A22_6570_7974_227B
    /// `,"object`
    static let objectKey: UInt64 = 0x7463_656A_626F_222C
    /// `"ADDED"` and `"ERROR"`, of seven bytes.
    static let added: UInt64 = 0x22_4445_4444_4122
    static let error: UInt64 = 0x22_524F_5252_4522
    /// The first eight bytes of the other types, from the quote on.
    static let modified: UInt64 = 0x4549_4649_444F_4D22
    static let deleted: UInt64 = 0x4445_5445_4C45_4422
    static let metrics: UInt64 = 0x5343_4952_5445_4D22
    static let bookmark: UInt64 = 0x5241_4D4B_4F4F_4222
    static let status: UInt64 = 0x2253_5554_4154_5322
  }

  /// The type that a string without escapes names, and the string's length with its quotes. May read the
  /// padding.
  @inline(__always)
  private static func type(at start: JSONCursor) -> (EventType, Int)? {
    let word = word(start)
    switch word {
    case Word.modified:
      return start[8] == UInt8(ascii: "D") && start[9] == UInt8(ascii: "\"") ? (.modified, 10) : nil
    case Word.deleted: return start[8] == UInt8(ascii: "\"") ? (.deleted, 9) : nil
    case Word.metrics: return start[8] == UInt8(ascii: "\"") ? (.metrics, 9) : nil
    case Word.bookmark:
      return start[8] == UInt8(ascii: "K") && start[9] == UInt8(ascii: "\"") ? (.bookmark, 10) : nil
    case Word.status: return (.status, 8)
    default: break
    }
    switch word & 0xFF_FFFF_FFFF_FFFF {
    case Word.added: return (.added, 7)
    case Word.error: return (.error, 7)
    default: return nil
    }
  }

  /// Both values at any place.
  private static func anywhere(_ line: RawJSON) -> EventHead? {
    // Most plain lines do not have the text `"object"`.
    guard line.mayHave(objectKey) else { return nil }
    var type: EventType?
    let values = line.values(of: typeKey, objectKey) { isType, value in
      guard isType else { return value.kind == .object }
      type = value.string.flatMap(EventType.init(rawValue:))
      return type != nil
    }
    guard let type, let values else { return nil }
    return EventHead(type: type, typeValue: values.0, object: values.1)
  }
}
