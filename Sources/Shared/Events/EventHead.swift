// SPDX-License-Identifier: Apache-2.0

package import JSON

/// What makes a line an event: a `type` that is one of ``EventType``'s and an `object` that is a JSON object,
/// in any order.
///
/// Of repeated keys the first counts. Every other line is a plain one, whatever keys it has: a log line with
/// a `type` and an `object` of its own stays what it is. This is the one place that decides.
package struct EventHead: Sendable {
  package let type: EventType
  /// The value of `type`.
  package let typeValue: RawJSON
  /// The value of `object`; it starts here, and was not walked.
  package let object: RawJSON

  /// The head of a line; nil when the line is not an event. Walks no further than to the later of the two
  /// keys.
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

  /// Both values, where they come first and in this order, without white space: as all our tools write them.
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

  /// Eight bytes, the first one lowest. What a line lacks of them is in its padding.
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
    /// The first eight bytes of the others, from the quote on.
    static let modified: UInt64 = 0x4549_4649_444F_4D22
    static let deleted: UInt64 = 0x4445_5445_4C45_4422
    static let metrics: UInt64 = 0x5343_4952_5445_4D22
    static let bookmark: UInt64 = 0x5241_4D4B_4F4F_4222
    static let status: UInt64 = 0x2253_5554_4154_5322
  }

  /// The type that a string without escapes spells, and the string's length with its quotes. It may reach
  /// into the padding.
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

  /// Both values in any place.
  private static func anywhere(_ line: RawJSON) -> EventHead? {
    // Most plain lines mention no object at all.
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
