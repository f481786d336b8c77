// SPDX-License-Identifier: Apache-2.0

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

  /// Whether there is a line break between tokens, which has to be written as a space.
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
    guard let base = payload.baseAddress, let parts = unsafe EnvelopeParts(payload) else { return }
    hasLineBreak = unsafe memchr(base, 0x0A, payload.count) != nil || memchr(base, 0x0D, payload.count) != nil
    var start = 0
    while unsafe payload[start] <= 0x20 { start += 1 }
    var end = payload.count
    while unsafe payload[end - 1] <= 0x20 { end -= 1 }
    value = start..<end
    guard unsafe payload[start] == UInt8(ascii: "{") else {
      kind = .value
      object = value
      isExact = !hasLineBreak && value == 0..<payload.count
      return
    }
    if let type = parts.type, let object = parts.object, unsafe Self.isEventType(payload, type) {
      kind = .event
      self.type = type.lowerBound + 1..<type.upperBound - 1
      self.object = object
      source = parts.source ?? 0..<0
      metadata = unsafe Self.metadata(payload, parts.objectMetadata, parts.objectVersion)
      if parts.memberCount > (parts.source == nil ? 2 : 3) { unsafe findExtras(payload, parts) }
      isExact = unsafe !hasLineBreak && isInOrder(payload)
    } else {
      kind = .object
      object = value
      metadata = unsafe Self.metadata(payload, parts.metadata, parts.version)
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

  private static func metadata(
    _ payload: UnsafeBufferPointer<UInt8>, _ range: Range<Int>?, _ version: Range<Int>?
  ) -> Metadata? {
    guard let range, unsafe payload[range.lowerBound] == UInt8(ascii: "{") else { return nil }
    let start = range.lowerBound + 1
    let isEmpty = unsafe payload[start..<range.upperBound - 1].allSatisfy { $0 <= 0x20 }
    return Metadata(start: start, isEmpty: isEmpty, resourceVersion: version)
  }

  private mutating func findExtras(_ payload: UnsafeBufferPointer<UInt8>, _ parts: EnvelopeParts) {
    guard let base = payload.baseAddress,
      var members = unsafe RawJSON.Members(RawJSON(line: base, count: payload.count))
    else { return }
    let origin = unsafe JSONCursor(base)
    while let (key, value) = members.next() {
      let start = value.start - origin
      if [parts.type, parts.object, parts.source].contains(where: { $0?.lowerBound == start }) { continue }
      // The envelope has its own `source`.
      if key.isString(Array("source".utf8)) { continue }
      extras.append(key.start - origin..<members.position - origin)
    }
  }

  /// Whether the type is one of watchutils(7); any other `type` belongs to the application.
  private static func isEventType(_ payload: UnsafeBufferPointer<UInt8>, _ value: Range<Int>) -> Bool {
    guard let base = payload.baseAddress, unsafe payload[value.lowerBound] == UInt8(ascii: "\"") else {
      return false
    }
    func spells(_ text: StaticString) -> Bool {
      unsafe memcmp(base + value.lowerBound + 1, text.utf8Start, text.utf8CodeUnitCount) == 0
    }
    switch value.count - 2 {
    case 5: return spells("ADDED") || spells("ERROR")
    case 6: return spells("STATUS")
    case 7: return spells("DELETED") || spells("METRICS")
    case 8: return spells("MODIFIED") || spells("BOOKMARK")
    default: return false
    }
  }
}
