// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

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
  private var parts: [LineParts] = []
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

  /// Finds the facts of all lines. Call this once, after the last line.
  ///
  /// `epoch` is the epoch of ids for lines that have none.
  mutating func seal(epoch: UInt64) {
    bytes.append(contentsOf: Batch.zeros)
    ids.reserveCapacity(count)
    kinds.reserveCapacity(count)
    versionHashes.reserveCapacity(count)
    parts.reserveCapacity(count)
    let scanner = LineScanner()
    for index in ends.indices {
      let facts = bytes.withJSON(line(index)) { scanner.facts($0, from: $1) }
      if facts.sourceID != nil { hasSourceIDs = true }
      ids.append(facts.sourceID ?? EventID(epoch: epoch, sequence: UInt64(firstPosition + index + 1)))
      kinds.append(facts.kind)
      versionHashes.append(facts.versionHash)
      parts.append(facts.parts)
    }
  }

  /// Where the value of a part is in `bytes`, with its quotes; nil if the line lacks it.
  func value(_ part: LineParts.Name, _ index: Int) -> Range<Int>? { parts[index][part] }

  /// The text of a part that is a string.
  func text(_ part: LineParts.Name, _ index: Int) -> String? {
    value(part, index).flatMap { bytes.withJSON($0) { $0.string } }
  }

  /// The line as JSON.
  func withJSON<Result>(_ index: Int, _ body: (RawJSON) -> Result) -> Result {
    bytes.withJSON(line(index), body)
  }

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
    guard let value = bytes.withJSON(line, { EventHead($0)?.typeValue.range(from: $1) }) else {
      return single
    }
    let name = "\"\(type.rawValue)\"".utf8
    single.append(
      bytes[line.lowerBound..<value.lowerBound] + name + bytes[value.upperBound..<line.upperBound])
    single.seal(epoch: 0)
    single.ids = [ids[index]]
    return single
  }

  mutating func reserve(bytes count: Int) { bytes.reserveCapacity(count) }

  /// Appends a line, given without its newline; an empty line is ignored.
  mutating func append(_ line: some Collection<UInt8>) {
    let start = bytes.count
    bytes.append(contentsOf: line)
    if bytes.last == UInt8(ascii: "\r"), bytes.count > start { bytes.removeLast() }
    guard bytes.count > start else { return }
    clean(from: start)
    bytes.append(UInt8(ascii: "\n"))
    ends.append(bytes.count)
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
