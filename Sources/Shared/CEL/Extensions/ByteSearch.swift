// SPDX-License-Identifier: Apache-2.0

/// Search for bytes in bytes by Knuth, Morris and Pratt: linear in both, whatever they hold.
struct ByteSearch {
  private let needle: [UInt8]
  /// For each length of a partial match, the length of the next shorter one to continue with.
  private let fallback: [Int]

  /// A search for `needle`, which is not empty.
  init(_ needle: [UInt8]) {
    self.needle = needle
    var fallback = [Int](repeating: 0, count: needle.count)
    var length = 0
    for index in needle.indices.dropFirst() {
      while length > 0, needle[index] != needle[length] { length = fallback[length - 1] }
      if needle[index] == needle[length] { length += 1 }
      fallback[index] = length
    }
    self.fallback = fallback
  }

  /// Where the needle first occurs at or after `from`.
  func first(in bytes: Span<UInt8>, from: Int = 0) -> Int? {
    guard let initial = needle.first, from >= 0, from + needle.count <= bytes.count else { return nil }
    var index = from
    var length = 0
    while index < bytes.count {
      let byte = bytes[index]
      while length > 0, byte != needle[length] { length = fallback[length - 1] }
      if length > 0 ? byte == needle[length] : byte == initial { length += 1 }
      index += 1
      if length == needle.count { return index - length }
    }
    return nil
  }

  /// Where the needle last occurs in `bytes`.
  static func last(_ needle: [UInt8], in bytes: some BidirectionalCollection<UInt8>) -> Int? {
    let backwards = Array(bytes.reversed())
    return ByteSearch(needle.reversed()).first(in: backwards.span).map { backwards.count - $0 - needle.count }
  }
}
