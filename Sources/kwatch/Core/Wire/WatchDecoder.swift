// SPDX-License-Identifier: Apache-2.0
import JSON

/// Splits a watch stream into its JSON values, which may arrive cut at any byte. Each byte is read once.
///
/// A server writes one value a line, and white space between values means nothing (Go's decoder reads streams in the
/// same way). A value is passed on only when it is whole: a stream that was cut leaves an unfinished one, which must not
/// be printed.
struct WatchDecoder {
  /// A longer line means an attack or a broken server.
  static let lineLimit = 64 << 20

  private let check = JSONCheck()
  /// The bytes of a value that began in an earlier chunk.
  private var carry: [UInt8] = []
  private(set) var isInValue = false

  package enum FormatError: Error, Equatable, CustomStringConvertible {
    /// With the beginning of the value.
    case malformed(String)
    case notAnObject(String)
    case lineTooLong

    package var description: String {
      switch self {
      case .malformed(let start): "an event of the watch is not JSON: \(start)"
      case .notAnObject(let start): "an event of the watch is not a JSON object: \(start)"
      case .lineTooLong: "an event of the watch is larger than \(WatchDecoder.lineLimit >> 20) MiB"
      }
    }
  }

  /// Calls `body` for each whole value in carried and new bytes, as one line. If it returns false, all following bytes
  /// are dropped: the caller has given up the stream.
  mutating func feed(_ chunk: Span<UInt8>, _ body: (Span<UInt8>) -> Bool) throws(FormatError) {
    var index = 0
    while true {
      if !isInValue {
        index = Self.skipSpace(chunk, from: index)
        guard index < chunk.count else { return }
        // Anything else is a proxy's or another server's text, whose end would be waited for.
        guard chunk[index] == UInt8(ascii: "{") else { throw .notAnObject(start(chunk, index)) }
        check.begin()
        isInValue = true
      }
      switch check.next(chunk, from: index) {
      case .unfinished: return try keep(chunk.extracting(index..<chunk.count))
      case .broken: throw .malformed(start(chunk, index))
      case .whole(let end):
        isInValue = false
        let value = chunk.extracting(index..<end)
        index = end
        guard carry.isEmpty else {
          try keep(value)
          let whole = carry
          carry.removeAll(keepingCapacity: whole.count <= 64 << 10)
          guard try pass(whole.span, body) else { return }
          continue
        }
        guard try pass(value, body) else { return }
      }
    }
  }

  private func pass(_ value: Span<UInt8>, _ body: (Span<UInt8>) -> Bool) throws(FormatError) -> Bool {
    guard check.isASCII || JSONCheck.isUTF8(value) else { throw .malformed(start(value, 0)) }
    return check.hasLineBreak ? body(ObjectRewrite.compact(value).span) : body(value)
  }

  private mutating func keep(_ bytes: Span<UInt8>) throws(FormatError) {
    guard carry.count + bytes.count <= Self.lineLimit else { throw .lineTooLong }
    unsafe bytes.withUnsafeBufferPointer { unsafe carry.append(contentsOf: $0) }
  }

  private func start(_ chunk: Span<UInt8>, _ index: Int) -> String {
    let bytes = carry.prefix(80) + chunk.bytes(index..<min(index + 80, chunk.count))
    return String(decoding: bytes.prefix(80).prefix { $0 != 0x0A }, as: UTF8.self)
  }

  private static func skipSpace(_ chunk: Span<UInt8>, from start: Int) -> Int {
    var walker = JSONWalker(at: start)
    walker.skipSpace(chunk)
    return walker.position
  }
}
