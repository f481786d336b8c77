// SPDX-License-Identifier: Apache-2.0
import JSON

/// The fields of a list beside its items.
struct ListMeta: Equatable, Sendable {
  var kind = ""
  var apiVersion = ""
  var resourceVersion = ""
  /// The token for the next page; empty on the last.
  var continuation = ""
  /// The number of objects on further pages; 0 if the server does not report it.
  var remaining = 0
  /// A Table's columns, as raw JSON.
  var columns: [UInt8] = []
}

/// Splits a list's JSON into its items while it arrives, in pieces cut at any byte. Holds at most one item.
/// Each byte is read once, and each item is valid JSON (RFC 8259), in one line.
///
/// The `items` of a list and the `rows` of a Table are passed on one by one; other members are kept if they
/// are small. Built-in kinds have kind and metadata before the items, custom resources after them. So the
/// kind of an item comes from discovery, and `meta` is complete only when `isComplete`.
struct ListDecoder {
  package enum FormatError: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    /// Not the list that was asked for.
    case other(String)
    case itemTooLong

    package var description: String {
      switch self {
      case .malformed(let message): "the list is not JSON: \(message)"
      case .other(let message): "the response is another list: \(message)"
      case .itemTooLong: "an item of the list is larger than \(WatchDecoder.lineLimit >> 20) MiB"
      }
    }
  }

  private enum Place: String {
    case start = "the opening brace"
    case key = "a key"
    case colon = "a colon"
    case value = "a value"
    case afterValue = "a comma or the closing brace"
    case element = "an item"
    case afterElement = "a comma or the closing bracket of the items"
    case end = "the end"
  }

  private(set) var meta = ListMeta()
  /// The expected kind and version of the list, as far as they are known.
  private let expected: (kind: String, apiVersion: String)
  private var place = Place.start
  private var key: [UInt8] = []
  /// Whether `items` (or `rows`) has arrived. Go's servers also write an empty one as null.
  private(set) var hasItems = false
  private let check = JSONCheck()
  /// The bytes of a value that began in an earlier chunk.
  private var carry: [UInt8] = []
  /// A value is being read.
  private var isInValue = false

  /// `kind` and `apiVersion`: what the list must be; empty: anything.
  init(kind: String = "", apiVersion: String = "") { expected = (kind, apiVersion) }

  /// The closing bracket has arrived.
  var isComplete: Bool { place == .end }

  /// Calls `item` for each whole item in carried and new bytes. If it returns false, decoding stops and the
  /// decoder must not be used again.
  mutating func feed(_ chunk: Span<UInt8>, _ item: (Span<UInt8>) -> Bool) throws(FormatError) {
    var index = 0
    while index < chunk.count {
      guard isInValue else {
        try structure(chunk[index])
        // A value's first byte belongs to its check.
        if !isInValue { index += 1 }
        continue
      }
      let end: Int
      switch check.next(chunk, from: index) {
      case .whole(let found): end = found
      case .unfinished: return try keep(chunk, from: index)
      case .broken:
        throw .malformed(place == .element ? "an item is malformed" : "a member is malformed")
      }
      let isElement = place == .element
      if isElement, carry.isEmpty {
        guard try pass(chunk.extracting(index..<end), item) else { return }
      } else {
        try keep(chunk.extracting(0..<end), from: index)
        if isElement { guard try pass(carry.span, item) else { return } } else { try finishMember() }
      }
      carry.removeAll(keepingCapacity: carry.count <= 64 << 10)
      isInValue = false
      if isElement { place = .afterElement }
      index = end
    }
  }

  private func pass(_ bytes: Span<UInt8>, _ item: (Span<UInt8>) -> Bool) throws(FormatError) -> Bool {
    guard check.isASCII || JSONCheck.isUTF8(bytes) else { throw .malformed("an item is not UTF-8") }
    return check.hasLineBreak ? item(ObjectRewrite.compact(bytes).span) : item(bytes)
  }

  private mutating func begin() {
    check.begin()
    isInValue = true
  }

  /// Reads one byte that is outside of keys, members and items.
  private mutating func structure(_ byte: UInt8) throws(FormatError) {
    if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { return }
    switch (place, byte) {
    case (.start, UInt8(ascii: "{")): place = .key
    case (.key, UInt8(ascii: "\"")): begin()
    case (.key, UInt8(ascii: "}")), (.afterValue, UInt8(ascii: "}")): place = .end
    case (.colon, UInt8(ascii: ":")): place = .value
    case (.value, UInt8(ascii: "[")) where isItemsKey:
      guard !hasItems else { throw .malformed("it has two arrays of items") }
      hasItems = true
      place = .element
    case (.value, _): begin()
    case (.element, UInt8(ascii: "]")), (.afterElement, UInt8(ascii: "]")): place = .afterValue
    case (.element, UInt8(ascii: "{")): begin()
    case (.afterElement, UInt8(ascii: ",")): place = .element
    case (.afterValue, UInt8(ascii: ",")): place = .key
    default:
      let shown = (0x21..<0x7F).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
      throw .malformed("found \(shown) in place of \(place.rawValue)")
    }
  }

  private var isItemsKey: Bool { key == Array("items".utf8) || key == Array("rows".utf8) }

  /// A key, or the value of a member that is not the array of items, is whole.
  private mutating func finishMember() throws(FormatError) {
    let bytes = carry
    if place == .key {
      key = Array(bytes.dropFirst().dropLast())
      place = .colon
      return
    }
    place = .afterValue
    if isItemsKey {
      guard bytes == Array("null".utf8) else { throw .malformed("its items are not an array") }
      hasItems = true
    }
    do {
      switch key {
      case Array("kind".utf8): meta.kind = try JSONValue(parsing: bytes).string ?? ""
      case Array("apiVersion".utf8): meta.apiVersion = try JSONValue(parsing: bytes).string ?? ""
      case Array("columnDefinitions".utf8): meta.columns = bytes
      case Array("metadata".utf8):
        let value = try JSONValue(parsing: bytes)
        meta.resourceVersion = value["resourceVersion"]?.string ?? ""
        meta.continuation = value["continue"]?.string ?? ""
        meta.remaining = value["remainingItemCount"]?.integer ?? 0
      default: break
      }
    } catch {
      throw .malformed("its member '\(String(decoding: key, as: UTF8.self))' cannot be read")
    }
    try requireExpected()
  }

  /// The items of a list have no kind, so those of another list would be printed with the wrong kind.
  private func requireExpected() throws(FormatError) {
    let isTable = meta.apiVersion.hasPrefix("meta.k8s.io/")
    if !isTable, !expected.apiVersion.isEmpty, !meta.apiVersion.isEmpty,
      meta.apiVersion != expected.apiVersion
    {
      throw .other("its apiVersion is '\(meta.apiVersion)', not '\(expected.apiVersion)'")
    }
    if !expected.kind.isEmpty, meta.kind.hasSuffix("List"), meta.kind != "List", meta.kind != expected.kind {
      throw .other("it is a \(meta.kind), not a \(expected.kind)")
    }
  }

  private mutating func keep(_ chunk: Span<UInt8>, from start: Int) throws(FormatError) {
    guard carry.count + chunk.count - start <= WatchDecoder.lineLimit else { throw .itemTooLong }
    unsafe chunk.extracting(start..<chunk.count).withUnsafeBufferPointer {
      unsafe carry.append(contentsOf: $0)
    }
  }
}
