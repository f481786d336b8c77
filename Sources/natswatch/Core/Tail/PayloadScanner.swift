// SPDX-License-Identifier: Apache-2.0

import Events
import Glibc
import JSON

/// Scans a payload: whether it is JSON, whether it is a watch event, and where its resourceVersion is.
///
/// Positions are offsets into the payload, so that the envelope can be composed of the payload's own bytes.
/// The payload is checked completely against RFC 8259, including UTF-8, so that it cannot break the line that
/// contains it. Of repeated keys the first counts.
package struct PayloadScanner {
  package enum Kind: Equatable {
    /// Not JSON, or empty.
    case notJSON
    /// JSON, but not an object.
    case value
    case object
    /// `{"type":T,"object":{…}}` with a known T.
    case event
  }

  /// The positions in an object's `metadata`, if that is an object.
  package struct Metadata {
    /// The position after the opening brace.
    var start: Int
    var isEmpty = true
    /// The value of `resourceVersion`.
    var resourceVersion: Range<Int>?
  }

  private(set) var kind = Kind.notJSON
  /// The whole value without the white space around it.
  private(set) var value = 0..<0
  /// An event's type, without its quotes.
  private(set) var type = 0..<0
  /// The object in the envelope: an event's, else the value itself.
  private(set) var object = 0..<0
  /// An event's own `source`, if it has one.
  private(set) var source = 0..<0
  /// An event's further members, each `"key":value`.
  private(set) var extras: [Range<Int>] = []
  /// The metadata of the object in the envelope.
  private(set) var metadata: Metadata?

  /// Whether there is a line break between tokens, which must be written as a space.
  private(set) var hasLineBreak = false

  /// Whether the parts, as ``EventEncoder`` writes them, are the payload byte for byte.
  private(set) var isExact = true

  /// Scans one payload, which is followed by ``JSONCursor/padding`` readable bytes; replaces the previous
  /// result.
  package mutating func scan(_ payload: UnsafeBufferPointer<UInt8>) {
    kind = .notJSON
    isExact = true
    type = 0..<0
    object = 0..<0
    source = 0..<0
    extras.removeAll(keepingCapacity: true)
    metadata = nil
    guard let base = payload.baseAddress else { return }
    let line = unsafe RawJSON(line: base, count: payload.count)
    guard line.fault(strictly: true) == nil else { return }
    hasLineBreak = unsafe memchr(base, 0x0A, payload.count) != nil || memchr(base, 0x0D, payload.count) != nil
    let origin = unsafe JSONCursor(base)
    var end = payload.count
    while unsafe payload[end - 1] <= 0x20 { end -= 1 }
    value = (line.start - origin)..<end
    if let head = EventHead(line) {
      kind = .event
      findMembers(line, head, origin)
      metadata = Metadata(of: head.object, origin)
      isExact = unsafe !hasLineBreak && isInOrder(payload)
    } else {
      kind = line.kind == .object ? .object : .value
      object = value
      metadata = Metadata(of: line, origin)
      isExact = !hasLineBreak && value == 0..<payload.count
    }
  }

  /// Whether an event has the members `type`, `object`, `source` and the others in this order, without white
  /// space.
  private func isInOrder(_ payload: UnsafeBufferPointer<UInt8>) -> Bool {
    var position = 0
    func skips(_ text: StaticString) -> Bool {
      guard let base = payload.baseAddress, payload.count - position >= text.utf8CodeUnitCount,
        unsafe memcmp(base + position, text.utf8Start, text.utf8CodeUnitCount) == 0
      else { return false }
      position += text.utf8CodeUnitCount
      return true
    }
    func passes(_ part: Range<Int>) -> Bool {
      guard part.lowerBound == position else { return false }
      position = part.upperBound
      return true
    }
    guard skips("{\"type\":\""), passes(type), skips("\",\"object\":"), passes(object) else { return false }
    if !source.isEmpty { guard skips(",\"source\":"), passes(source) else { return false } }
    for extra in extras { guard skips(","), passes(extra) else { return false } }
    return skips("}") && position == payload.count
  }

  /// Whether a text is one JSON object.
  package static func isObject(_ text: String) -> Bool {
    let copy = PaddedBytes()
    var scanner = PayloadScanner()
    unsafe Array(text.utf8).withUnsafeBufferPointer { unsafe scanner.scan(copy.copy($0)) }
    return scanner.kind == .object || scanner.kind == .event
  }

  /// Finds the members of an event. The envelope has a `source` of its own, so a second one is left out.
  private mutating func findMembers(_ line: RawJSON, _ head: EventHead, _ origin: JSONCursor) {
    guard var members = RawJSON.Members(line) else { return }
    while let (key, value) = members.next() {
      let range = (value.start - origin)..<(members.position - origin)
      if value.start == head.typeValue.start {
        type = range.lowerBound + 1..<range.upperBound - 1
      } else if value.start == head.object.start {
        object = range
      } else if key.isString(Self.sourceKey) {
        if source.isEmpty { source = range }
      } else {
        extras.append(key.start - origin..<range.upperBound)
      }
    }
  }

  private static let sourceKey = Array("source".utf8)
}

extension PayloadScanner.Metadata {
  /// The `metadata` of an object; nil unless it is an object, too.
  fileprivate init?(of object: RawJSON, _ origin: JSONCursor) {
    guard let metadata = object.member(Self.key), metadata.kind == .object else { return nil }
    let first = (metadata.start + 1).pastSpace(metadata.limit)
    let version = metadata.member(Self.versionKey)
    self.init(
      start: metadata.start + 1 - origin, isEmpty: first.byte == UInt8(ascii: "}"),
      resourceVersion: version.flatMap { version in
        version.end.map { (version.start - origin)..<($0 - origin) }
      })
  }

  private static let key = Array("metadata".utf8)
  private static let versionKey = Array("resourceVersion".utf8)
}
