// SPDX-License-Identifier: Apache-2.0

/// One pass over a payload: is it JSON, is it a watch event, and where does a resourceVersion belong.
///
/// Positions are offsets into the payload, so that the envelope is put together from the payload's own bytes. The
/// pass checks RFC 8259 completely, UTF-8 included: what is put into a line must not be able to break it.
/// Duplicate keys: the first wins.
struct PayloadScanner {
  enum Kind: Equatable {
    /// Not JSON, or nothing at all.
    case notJSON
    /// JSON, but no object.
    case value
    case object
    /// `{"type":T,"object":{…}}` with a known T.
    case event
  }

  private(set) var kind = Kind.notJSON
  /// The whole value without the white space around it.
  private(set) var value = 0..<0
  /// An event's type, without its quotes.
  private(set) var type = 0..<0
  /// The object that the envelope carries: an event's, else the value itself.
  private(set) var object = 0..<0
  /// An event's own `source`, if it has one.
  private(set) var source = 0..<0
  /// An event's further members, each `"key":value`.
  private(set) var extras: [Range<Int>] = []
  /// Just behind the opening brace of the object's `metadata`, when that is an object.
  private(set) var metadataStart: Int?
  private(set) var metadataIsEmpty = false
  /// The value of the metadata's `resourceVersion`.
  private(set) var resourceVersion: Range<Int>?
  /// A line break between tokens, to be written as a space.
  private(set) var hasLineBreak = false

  /// Nesting beyond this is not taken for JSON: nothing that is meant for people or APIs is that deep.
  static let depthLimit = 1024

  private struct Metadata {
    var start: Int?
    var isEmpty = false
    var resourceVersion: Range<Int>?
  }

  /// Looks at one payload; what was found before is forgotten.
  mutating func scan(_ payload: UnsafeBufferPointer<UInt8>) {
    kind = .notJSON
    type = 0..<0
    object = 0..<0
    source = 0..<0
    extras.removeAll(keepingCapacity: true)
    metadataStart = nil
    resourceVersion = nil
    hasLineBreak = false
    guard let base = payload.baseAddress, payload.count > 0 else { return }
    var cursor = unsafe JSONWalk(base: base, count: payload.count)
    cursor.skipSpace()
    let start = cursor.position
    let isObject = cursor.peek == UInt8(ascii: "{")
    let isValid = isObject ? scanTopLevel(&cursor) : cursor.skipValue(depth: 0)
    let end = cursor.position
    cursor.skipSpace()
    hasLineBreak = cursor.sawLineBreak
    guard isValid, cursor.isAtEnd else {
      kind = .notJSON
      return
    }
    value = start..<end
    if kind != .event {
      kind = isObject ? .object : .value
      object = value
    }
  }

  /// The payload's own members: a payload may be an event, or an object that has metadata; both are kept in mind.
  private mutating func scanTopLevel(_ cursor: inout JSONWalk) -> Bool {
    var own = Metadata()
    var ofObject = Metadata()
    var seenMetadata = false
    var seenType = false
    var seenObject = false
    var objectRange = 0..<0
    var typeRange = 0..<0
    let isValid = cursor.forEachMember(depth: 0) { cursor, key, memberStart in
      if !seenType, cursor.equals(key, "type") {
        seenType = true
        let start = cursor.position
        let isString = cursor.peek == UInt8(ascii: "\"")
        guard cursor.skipValue(depth: 1) else { return false }
        if isString { typeRange = start + 1..<cursor.position - 1 }
      } else if !seenObject, cursor.equals(key, "object"), cursor.peek == UInt8(ascii: "{") {
        seenObject = true
        let start = cursor.position
        guard Self.scanObject(&cursor, depth: 1, into: &ofObject) else { return false }
        objectRange = start..<cursor.position
      } else if !seenMetadata, cursor.equals(key, "metadata") {
        seenMetadata = true
        guard Self.scanMetadata(&cursor, depth: 1, into: &own) else { return false }
        extras.append(memberStart..<cursor.position)
      } else {
        let isSource = cursor.equals(key, "source")
        let start = cursor.position
        guard cursor.skipValue(depth: 1) else { return false }
        if isSource {
          if source.isEmpty { source = start..<cursor.position }
        } else {
          extras.append(memberStart..<cursor.position)
        }
      }
      return true
    }
    guard isValid else { return false }
    let isEvent = seenObject && Self.isEventType(cursor, typeRange)
    if isEvent {
      kind = .event
      type = typeRange
      object = objectRange
    }
    let metadata = isEvent ? ofObject : own
    metadataStart = metadata.start
    metadataIsEmpty = metadata.isEmpty
    resourceVersion = metadata.resourceVersion
    return true
  }

  private static func scanObject(_ cursor: inout JSONWalk, depth: Int, into metadata: inout Metadata)
    -> Bool
  {
    var seen = false
    return cursor.forEachMember(depth: depth) { cursor, key, _ in
      guard !seen, cursor.equals(key, "metadata") else { return cursor.skipValue(depth: depth + 1) }
      seen = true
      return scanMetadata(&cursor, depth: depth + 1, into: &metadata)
    }
  }

  private static func scanMetadata(
    _ cursor: inout JSONWalk, depth: Int, into metadata: inout Metadata
  ) -> Bool {
    guard cursor.peek == UInt8(ascii: "{") else { return cursor.skipValue(depth: depth) }
    metadata.start = cursor.position + 1
    metadata.isEmpty = true
    return cursor.forEachMember(depth: depth) { cursor, key, _ in
      metadata.isEmpty = false
      let start = cursor.position
      let isVersion = metadata.resourceVersion == nil && cursor.equals(key, "resourceVersion")
      guard cursor.skipValue(depth: depth + 1) else { return false }
      if isVersion { metadata.resourceVersion = start..<cursor.position }
      return true
    }
  }

  /// The types of the stream contract, watchutils(7); anything else in a `type` key is an application's own business.
  private static func isEventType(_ cursor: JSONWalk, _ range: Range<Int>) -> Bool {
    switch range.count {
    case 5: return cursor.equals(range, "ADDED") || cursor.equals(range, "ERROR")
    case 6: return cursor.equals(range, "STATUS")
    case 7: return cursor.equals(range, "DELETED") || cursor.equals(range, "METRICS")
    case 8: return cursor.equals(range, "MODIFIED") || cursor.equals(range, "BOOKMARK")
    default: return false
    }
  }
}
