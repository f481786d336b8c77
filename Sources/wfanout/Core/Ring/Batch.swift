// SPDX-License-Identifier: Apache-2.0
import Events

/// Lines that were read together: their bytes, one after the other, and what is known of each.
///
/// Lines are kept without their newline's carriage return and with exactly one newline. A carriage return inside a line becomes
/// a space: between JSON tokens it means the same, inside a JSON string it cannot be, and in an event stream it would end
/// the field (WHATWG HTML, 9.2.5).
struct Batch: Sendable {
  /// The position of the first event in the whole stream, counted from 0.
  let firstPosition: Int
  private(set) var bytes: [UInt8] = []
  /// Where each line ends in `bytes`, after its newline.
  private(set) var ends: [Int] = []
  private(set) var ids: [EventID] = []
  private(set) var kinds: [LineFacts.Kind] = []
  private(set) var versionHashes: [UInt64] = []
  /// Lines whose id came from their source, in whole.
  private(set) var hasSourceIDs = false
  /// Lines that were not valid UTF-8 and were mended with U+FFFD.
  private(set) var mended = 0

  /// The index of each event's type in ``RoutedCounters``.
  var types: [UInt8] = []

  /// For each event what its object was before it; empty where that is not kept.
  var previous: [PreviousObject] = []

  /// For the subscriptions of `/ws` clients.
  let routing = RoutingTable()

  /// False for the lines of a snapshot: none of them is a place to resume after.
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

  /// Bytes behind the last line that may be read: JSON is scanned in steps that run over its end.
  static let padding = 64

  static let zeros = [UInt8](repeating: 0, count: padding)

  /// To be called when the last line is in.
  mutating func seal() { bytes.append(contentsOf: Batch.zeros) }

  /// What the objects were before; 0 where that is not kept.
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

  /// Takes a line without its newline; an empty one is left out.
  ///
  /// - Parameters:
  ///   - line: the bytes.
  ///   - epoch: of the numbering used when the line does not carry its own.
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
    // A text frame with a malformed sequence would make a browser close its WebSocket (RFC 6455 section 8.1).
    let text = String(decoding: bytes[start...], as: UTF8.self)
    guard !text.utf8.elementsEqual(bytes[start...]) else { return }
    mended += 1
    bytes.replaceSubrange(start..., with: text.utf8)
  }
}
