// SPDX-License-Identifier: Apache-2.0

/// The header block of a message: a version line, then `Name: value` lines, then an empty line (NATS ADR-4).
///
/// They are read from the bytes of the message. libnats 3.4 takes the line after an empty value as the value,
/// and reads no header at all where the last value is empty. It reads the headers of a message without
/// payload before we see it, and leaves a NUL in place of the colon, and one after the value, as in `Name\0
/// value\0\n`: both forms are read.
enum HeaderBlock {
  typealias Headers = [(name: String, values: [HeaderValue])]

  /// The headers, sorted by name, the values of each in their order; nil where the bytes are not a header block.
  static func parse(_ block: Span<UInt8>) -> Headers? {
    var position = 0
    guard let version = line(block, &position), version.starts(with: "NATS/1.0".utf8) else { return nil }
    var result: [String: [HeaderValue]] = [:]
    var last: String?
    while let line = line(block, &position), let first = line.first {
      if isBlank(first) {
        // A folded line continues the value.
        guard let name = last, let value = result[name]?.last, let index = result[name]?.indices.last else {
          return nil
        }
        result[name]?[index] = HeaderValue(value.bytes + [0x20] + trimmed(line[...]))
        continue
      }
      guard let colon = line.firstIndex(where: { $0 == UInt8(ascii: ":") || $0 == 0 }) else { return nil }
      let name = String(decoding: line[..<colon], as: UTF8.self)
      result[name, default: []].append(HeaderValue(trimmed(line[(colon + 1)...])))
      last = name
    }
    return result.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
  }

  /// The bytes up to the next line break; nil at the end of the block.
  private static func line(_ block: Span<UInt8>, _ position: inout Int) -> [UInt8]? {
    guard position < block.count else { return nil }
    var line: [UInt8] = []
    while position < block.count {
      let isEnd = block[position] == 0x0D || block[position] == 0
      if isEnd, position + 1 < block.count, block[position + 1] == 0x0A {
        position += 2
        return line
      }
      line.append(block[position])
      position += 1
    }
    return line
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// A value without the blanks around it.
  private static func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var value = value.prefix { $0 != 0 }.drop(while: isBlank)
    while let end = value.last, isBlank(end) { value.removeLast() }
    return value
  }
}
