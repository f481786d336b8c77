// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// The parts of one line of a watch stream.
struct WatchLine {
  var type: EventType
  /// The position of the object's `{`.
  var objectStart: Int
  /// Whether the line has the form that kwatch writes, so that it can be printed unchanged.
  var isCanonical: Bool

  /// The object's bytes. Reads all of them, so use it only for lines that cannot be printed unchanged.
  func object(in line: Span<UInt8>) throws(JSONError) -> Range<Int> {
    var walker = JSONWalker(at: objectStart)
    return try walker.skipValue(line)
  }
}

/// Splits a watch stream into lines. They may arrive cut at any byte.
///
/// A line is passed on only once its newline has arrived: a stream that was cut leaves an unfinished line, which must
/// not be printed (`hasRemainder`).
struct WatchDecoder {
  /// A longer line means an attack or a broken server.
  static let lineLimit = 64 << 20

  private var carry: [UInt8] = []

  package enum FormatError: Error, Equatable {
    case lineTooLong
  }

  /// Whether bytes of an unfinished line are held.
  var hasRemainder: Bool { !carry.isEmpty }

  /// Calls `body` for each whole line of carried and new bytes, without its newline. If it returns false, all
  /// following bytes are dropped: the caller has given up the stream.
  mutating func feed(_ chunk: Span<UInt8>, _ body: (Span<UInt8>) -> Bool) throws(FormatError) {
    var start = 0
    if !carry.isEmpty {
      guard let newline = JSONWalker.find(0x0A, chunk, from: 0) else { return try keep(chunk, from: 0) }
      try keep(chunk.extracting(0..<newline), from: 0)
      let line = carry
      carry.removeAll(keepingCapacity: line.count <= 64 << 10)
      start = newline + 1
      guard body(line.span) else { return }
    }
    while let newline = JSONWalker.find(0x0A, chunk, from: start) {
      let line = chunk.extracting(start..<newline)
      start = newline + 1
      if line.count > 0, !body(line) { return }
    }
    try keep(chunk, from: start)
  }

  private mutating func keep(_ chunk: Span<UInt8>, from start: Int) throws(FormatError) {
    guard carry.count + chunk.count - start <= Self.lineLimit else { throw .lineTooLong }
    unsafe chunk.extracting(start..<chunk.count).withUnsafeBufferPointer {
      unsafe carry.append(contentsOf: $0)
    }
  }
}

extension WatchLine {
  /// Splits a line into its parts: `{"type":T,"object":{…}}`, in any order, with any spaces.
  ///
  /// - Returns: nil for a type that no version of the API has.
  /// - Throws: `JSONError` for a line that is not an event.
  init?(_ line: Span<UInt8>) throws(JSONError) {
    if let canonical = WatchLine(canonical: line) {
      self = canonical
      return
    }
    var walker = JSONWalker()
    var type: Range<Int>?
    var object: Range<Int>?
    try walker.enterObject(line)
    while let key = try walker.nextKey(line) {
      if type == nil, line.reads(key, as: "type") {
        type = try walker.stringValue(line)
      } else if object == nil, line.reads(key, as: "object") {
        object = try walker.skipValue(line)
      } else {
        try walker.skipValue(line)
      }
    }
    guard let type, let object, line[object.lowerBound] == UInt8(ascii: "{") else { throw .unexpected(at: 0) }
    // STATUS and METRICS are this toolkit's own; no API server sends them.
    guard let known = EventType(rawValue: line.unescaped(type)), known != .status, known != .metrics
    else { return nil }
    self.init(type: known, objectStart: object.lowerBound, isCanonical: false)
  }

  private static let prefixes: [(EventType, StaticString)] = [
    (.modified, "{\"type\":\"MODIFIED\",\"object\":{"), (.added, "{\"type\":\"ADDED\",\"object\":{"),
    (.deleted, "{\"type\":\"DELETED\",\"object\":{"), (.bookmark, "{\"type\":\"BOOKMARK\",\"object\":{"),
    (.error, "{\"type\":\"ERROR\",\"object\":{"),
  ]

  /// The form kube-apiserver sends, recognised by its first and last bytes.
  private init?(canonical line: Span<UInt8>) {
    guard line.count > 32, line[line.count - 1] == UInt8(ascii: "}"),
      line[line.count - 2] == UInt8(ascii: "}")
    else { return nil }
    for (type, prefix) in Self.prefixes {
      let length = prefix.utf8CodeUnitCount
      guard line.reads(0..<length, as: prefix) else { continue }
      self.init(type: type, objectStart: length - 1, isCanonical: true)
      return
    }
    return nil
  }
}
