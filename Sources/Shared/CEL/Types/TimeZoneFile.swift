// SPDX-License-Identifier: Apache-2.0

/// A compiled time zone file (RFC 9636), of version 1 or later.
struct TimeZoneFile: Sendable {
  /// The times at which offsets change, in seconds since 1970, ascending.
  private var transitions: [Int64] = []
  /// The offset that begins at each transition, in seconds east of UTC.
  private var offsets: [Int64] = []
  /// The offset before the first transition.
  private var first: Int64 = 0
  /// The rule after the last transition.
  private var rule: TimeZoneRule?

  init?(_ bytes: [UInt8]) {
    var reader = BigEndianReader(bytes)
    guard let header = Header(&reader) else { return nil }
    if header.version < UInt8(ascii: "2") {
      guard readBlock(&reader, header, width: 4) else { return nil }
      return
    }
    // Version 2 has all data again, with 64-bit times, after the 32-bit block.
    reader.position += header.blockSize(width: 4)
    guard let second = Header(&reader), readBlock(&reader, second, width: 8) else { return nil }
    rule = TimeZoneRule(reader.footer)
  }

  func offset(at seconds: Int64) -> Int64 {
    guard let last = transitions.last, let start = transitions.first else {
      return rule?.offset(at: seconds) ?? first
    }
    if seconds >= last, let rule { return rule.offset(at: seconds) }
    if seconds < start { return first }
    var low = 0
    var high = transitions.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if transitions[middle] <= seconds { low = middle } else { high = middle }
    }
    return offsets[low]
  }

  private mutating func readBlock(_ reader: inout BigEndianReader, _ header: Header, width: Int) -> Bool {
    for _ in 0..<header.timeCount {
      guard let time = reader.integer(width) else { return false }
      transitions.append(time)
    }
    var types: [Int] = []
    for _ in 0..<header.timeCount {
      guard let type = reader.integer(1) else { return false }
      types.append(Int(type & 0xFF))
    }
    var typeOffsets: [Int64] = []
    for _ in 0..<header.typeCount {
      guard let offset = reader.integer(4), reader.integer(1) != nil, reader.integer(1) != nil else {
        return false
      }
      typeOffsets.append(offset)
    }
    guard types.allSatisfy({ $0 < typeOffsets.count }), let before = typeOffsets.first else { return false }
    offsets = types.map { typeOffsets[$0] }
    first = before
    reader.position += header.blockSize(width: width) - header.timeCount * (width + 1) - header.typeCount * 6
    return true
  }

  private struct Header {
    let version: UInt8
    let counts: [Int]

    var timeCount: Int { counts[3] }
    var typeCount: Int { counts[4] }

    init?(_ reader: inout BigEndianReader) {
      guard reader.magic() else { return nil }
      guard let version = reader.integer(1) else { return nil }
      self.version = UInt8(truncatingIfNeeded: version)
      reader.position += 15
      var counts: [Int] = []
      for _ in 0..<6 {
        guard let count = reader.integer(4), count >= 0, count < 1 << 16 else { return nil }
        counts.append(Int(count))
      }
      self.counts = counts
    }

    /// The size of the data block in bytes. The counts are: UT indicators, standard indicators, leap seconds,
    /// times, types, characters.
    func blockSize(width: Int) -> Int {
      counts[3] * (width + 1) + counts[4] * 6 + counts[5] + counts[2] * (width + 4) + counts[1] + counts[0]
    }
  }
}

/// Reads big-endian integers from a file.
private struct BigEndianReader {
  private let bytes: [UInt8]
  var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func magic() -> Bool {
    guard position + 4 <= bytes.count, bytes[position..<position + 4].elementsEqual("TZif".utf8) else {
      return false
    }
    position += 4
    return true
  }

  /// A signed integer of `width` bytes; nil at the end of the file.
  mutating func integer(_ width: Int) -> Int64? {
    guard position >= 0, position + width <= bytes.count else { return nil }
    var result = Int64(Int8(bitPattern: bytes[position]))
    for byte in bytes[position + 1..<position + width] { result = result << 8 | Int64(byte) }
    position += width
    return result
  }

  /// The footer: the text between the last two newlines.
  var footer: ArraySlice<UInt8> {
    guard position < bytes.count, bytes[position] == 0x0A else { return [] }
    return bytes[(position + 1)...].prefix { $0 != 0x0A }
  }
}
