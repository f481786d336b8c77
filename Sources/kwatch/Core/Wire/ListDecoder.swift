// SPDX-License-Identifier: Apache-2.0
import JSON

/// The fields of a list beside its items.
struct ListMeta: Equatable, Sendable {
  var kind = ""
  var apiVersion = ""
  var resourceVersion = ""
  /// The token for the next page; empty on the last.
  var continuation = ""
  /// A Table's columns, as raw JSON.
  var columns: [UInt8] = []
}

/// Cuts a list's JSON into its items while it arrives, split at any byte; holds no more than one item.
///
/// `items` of a list and `rows` of a Table are handed on one by one, the other members kept if small. Built-in
/// kinds say kind and metadata before the items, custom resources after them: what an item lacks is known from
/// discovery, and `meta` is complete only when `isComplete`.
struct ListDecoder {
  package enum FormatError: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    case itemTooLong

    package var description: String {
      switch self {
      case .malformed(let message): "the list is not JSON: \(message)"
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
  private var place = Place.start
  private var key: [UInt8] = []
  /// Whether `items` (or `rows`) has come; Go's servers write an empty one as null, too.
  private(set) var hasItems = false
  private var capture = ValueCapture()

  /// The closing bracket has come.
  var isComplete: Bool { place == .end }

  /// Calls `item` for each whole item in carried and new bytes; where it returns false to stop, the decoder is of
  /// no use afterwards.
  mutating func feed(_ chunk: Span<UInt8>, _ item: (Span<UInt8>) -> Bool) throws(FormatError) {
    var index = 0
    while index < chunk.count {
      if capture.isActive {
        guard let end = capture.scan(chunk, from: index) else { return try keep(chunk, from: index) }
        let isElement = place == .element
        if isElement {
          let goOn: Bool
          if capture.carry.isEmpty {
            goOn = item(chunk.extracting(index..<end))
          } else {
            try keep(chunk.extracting(0..<end), from: index)
            goOn = item(capture.carry.span)
          }
          guard goOn else { return }
        } else {
          try keep(chunk.extracting(0..<end), from: index)
          try finishMember()
        }
        capture.reset()
        place = isElement ? .afterElement : place
        index = end
        continue
      }
      try structure(chunk[index])
      // A value's first byte belongs to its capture.
      if !capture.isActive { index += 1 }
    }
  }

  /// One byte outside of keys, members and items.
  private mutating func structure(_ byte: UInt8) throws(FormatError) {
    if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { return }
    switch (place, byte) {
    case (.start, UInt8(ascii: "{")): place = .key
    case (.key, UInt8(ascii: "\"")): capture.begin(byte)
    case (.key, UInt8(ascii: "}")), (.afterValue, UInt8(ascii: "}")): place = .end
    case (.colon, UInt8(ascii: ":")): place = .value
    case (.value, UInt8(ascii: "[")) where isItemsKey:
      hasItems = true
      place = .element
    case (.value, _): capture.begin(byte)
    case (.element, UInt8(ascii: "]")), (.afterElement, UInt8(ascii: "]")): place = .afterValue
    case (.element, UInt8(ascii: "{")): capture.begin(byte)
    case (.afterElement, UInt8(ascii: ",")): place = .element
    case (.afterValue, UInt8(ascii: ",")): place = .key
    default:
      let shown = (0x21..<0x7F).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
      throw .malformed("\(shown) comes where \(place.rawValue) should")
    }
  }

  private var isItemsKey: Bool { key == Array("items".utf8) || key == Array("rows".utf8) }

  /// A key, or the value of a member that is not the array of items, is whole.
  private mutating func finishMember() throws(FormatError) {
    let bytes = capture.carry
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
      default: break
      }
    } catch {
      throw .malformed("its member '\(String(decoding: key, as: UTF8.self))' cannot be read")
    }
  }

  private mutating func keep(_ chunk: Span<UInt8>, from start: Int) throws(FormatError) {
    guard capture.carry.count + chunk.count - start <= WatchDecoder.lineLimit else { throw .itemTooLong }
    unsafe chunk.extracting(start..<chunk.count).withUnsafeBufferPointer {
      unsafe capture.carry.append(contentsOf: $0)
    }
  }
}

/// Finds the end of one JSON value whose bytes come in pieces, looking at each byte once.
struct ValueCapture {
  var carry: [UInt8] = []
  private(set) var isActive = false
  private var depth = 0
  private var inString = false
  private var isEscaped = false
  private var isScalar = false
  private var isFirst = false

  /// Begins a value at the byte that the next `scan` starts with.
  mutating func begin(_ first: UInt8) {
    isActive = true
    isFirst = true
    isScalar = first != UInt8(ascii: "\"") && first != UInt8(ascii: "{") && first != UInt8(ascii: "[")
    depth = 0
    inString = false
    isEscaped = false
  }

  mutating func reset() {
    isActive = false
    carry.removeAll(keepingCapacity: carry.count <= 64 << 10)
  }

  /// - Returns: the index after the value's last byte; nil if the value continues after the chunk.
  mutating func scan(_ chunk: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    while index < chunk.count {
      if inString {
        guard let end = endOfString(chunk, from: index) else { return nil }
        inString = false
        index = end + 1
        if depth == 0 { return index }
        continue
      }
      let byte = chunk[index]
      if isScalar {
        if !isFirst, JSONWalker.endsScalar(byte) { return index }
        isFirst = false
        index += 1
        continue
      }
      index += 1
      switch byte {
      case UInt8(ascii: "\""): inString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth <= 0 { return index }
      default: break
      }
    }
    return nil
  }

  /// As `JSONWalker.endOfString`, with the escape kept that a chunk may end in.
  private mutating func endOfString(_ chunk: Span<UInt8>, from start: Int) -> Int? {
    var start = start
    if isEscaped {
      isEscaped = false
      start += 1
    }
    if let end = JSONWalker.endOfString(chunk, from: start) { return end }
    // No closing quote in this chunk: an odd number of backslashes at its end escapes the next byte.
    var backslashes = 0
    while chunk.count - backslashes > start, chunk[chunk.count - backslashes - 1] == UInt8(ascii: "\\") {
      backslashes += 1
    }
    isEscaped = !backslashes.isMultiple(of: 2)
    return nil
  }
}
