// SPDX-License-Identifier: Apache-2.0

extension Span<UInt8> {
  /// Whether the bytes of a range, with JSON escapes resolved, are this word: `"\u0061"` is `a`.
  package func reads(_ range: Range<Int>, as word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard range.count >= count else { return false }
    if range.count == count {
      for offset in 0..<count where unsafe self[range.lowerBound + offset] != word.utf8Start[offset] {
        return false
      }
      return true
    }
    guard JSONWalker.find(UInt8(ascii: "\\"), extracting(range), from: 0) != nil else { return false }
    return word.withUTF8Buffer { unsafe unescapedBytes(range).elementsEqual($0) }
  }

  /// A copy of the bytes of a range.
  package func bytes(_ range: Range<Int>) -> [UInt8] {
    unsafe extracting(range).withUnsafeBufferPointer { unsafe Array($0) }
  }

  /// Appends a copy of the bytes of a range.
  package func append(_ range: Range<Int>, to bytes: inout [UInt8]) {
    unsafe extracting(range).withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
  }

  /// The bytes of a range as text, escapes as they are.
  package func text(_ range: Range<Int>) -> String {
    unsafe extracting(range).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// The content of a JSON string between its quotes, escapes resolved. An invalid escape becomes U+FFFD.
  package func unescaped(_ range: Range<Int>) -> String {
    String(decoding: unescapedBytes(range), as: UTF8.self)
  }

  private func unescapedBytes(_ range: Range<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    unsafe extracting(range).withUnsafeBufferPointer { unsafe JSONEscapes.decode($0, into: &bytes) }
    return bytes
  }
}
