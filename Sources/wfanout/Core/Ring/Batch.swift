// SPDX-License-Identifier: Apache-2.0
import Events

/// Lines that were read together: their bytes, concatenated, and the facts of each.
///
/// Each line ends with exactly one newline; a carriage return before it is removed. A carriage return inside
/// a line becomes a space: between JSON tokens both are white space, inside a JSON string neither may occur
/// raw, and in an event stream it would end the field (WHATWG HTML, 9.2.5).
struct Batch: Sendable {
  /// The position of the first event in the whole stream, counted from 0.
  let firstPosition: Int
  private(set) var bytes: [UInt8] = []
  /// Where each line ends in `bytes`, after its newline.
  private(set) var ends: [Int] = []
  private(set) var ids: [EventID] = []
  private(set) var kinds: [LineFacts.Kind] = []
  private(set) var versionHashes: [UInt64] = []
  /// Whether the ids of the lines came from their source.
  private(set) var hasSourceIDs = false
  /// The number of lines with invalid UTF-8, which was replaced by U+FFFD.
  private(set) var mended = 0

  /// The index of each event's type in ``RoutedCounters``.
  var types: [UInt8] = []

  /// The previous state of each event's object; empty if it is not kept.
  var previous: [PreviousObject] = []

  /// For the subscriptions of `/ws` clients.
  let routing = RoutingTable()

  /// False for the lines of a snapshot, after which a client cannot resume.
  let hasIDs: Bool

  init(firstPosition: Int, hasIDs: Bool = true) {
    self.firstPosition = firstPosition
    self.hasIDs = hasIDs
  }

  var count: Int { ends.count }
  var endPosition: Int { firstPosition + count }

  func line(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<(ends[index] - 1)
  }

  /// Readable bytes after the last line: JSON is scanned in steps that run past its end.
  static let padding = 64

  static let zeros = [UInt8](repeating: 0, count: padding)

  /// Call this after the last line.
  mutating func seal() { bytes.append(contentsOf: Batch.zeros) }

  /// The size of the previous states; 0 if they are not kept.
  var previousByteCount: Int {
    previous.reduce(0) { sum, previous in
      guard case .line(let line) = previous else { return sum }
      return sum + line.count
    }
  }

  /// The event at `index` alone, with another type and every other byte as it is.
  func retyped(_ index: Int, as type: EventType) -> Batch {
    var single = Batch(firstPosition: firstPosition + index, hasIDs: hasIDs)
    let line = line(index)
    guard let value = JSONScan.member("type", of: bytes, in: line) else { return single }
    let name = "\"\(type.rawValue)\"".utf8
    single.append(
      bytes[line.lowerBound..<value.lowerBound] + name + bytes[value.upperBound..<line.upperBound], epoch: 0)
    single.ids = [ids[index]]
    single.seal()
    return single
  }

  mutating func reserve(bytes count: Int) { bytes.reserveCapacity(count) }

  /// Appends a line, given without its newline; an empty line is ignored.
  ///
  /// - Parameters:
  ///   - line: the bytes.
  ///   - epoch: the epoch of ids for lines without an id of their own.
  mutating func append(_ line: some Collection<UInt8>, epoch: UInt64) {
    let start = bytes.count
    bytes.append(contentsOf: line)
    if bytes.last == UInt8(ascii: "\r"), bytes.count > start { bytes.removeLast() }
    guard bytes.count > start else { return }
    clean(from: start)
    let facts = LineFacts(bytes, start..<bytes.count)
    bytes.append(UInt8(ascii: "\n"))
    if let id = facts.sourceID {
      ids.append(id)
      hasSourceIDs = true
    } else {
      ids.append(EventID(epoch: epoch, sequence: UInt64(endPosition + 1)))
    }
    ends.append(bytes.count)
    kinds.append(facts.kind)
    versionHashes.append(facts.versionHash)
  }

  private mutating func clean(from start: Int) {
    var isASCII = true
    for index in start..<bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\r") { bytes[index] = 0x20 }
      if byte >= 0x80 { isASCII = false }
    }
    if isASCII { return }
    // A browser closes its WebSocket when a text frame has invalid UTF-8 (RFC 6455 section 8.1).
    let text = String(decoding: bytes[start...], as: UTF8.self)
    guard !text.utf8.elementsEqual(bytes[start...]) else { return }
    mended += 1
    bytes.replaceSubrange(start..., with: text.utf8)
  }
}
