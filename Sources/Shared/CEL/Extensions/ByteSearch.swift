// SPDX-License-Identifier: Apache-2.0

/// Substring search by Knuth, Morris and Pratt. Its time is linear in both lengths, for any content.
struct ByteSearch {
  private let needle: [UInt8]
  /// For each length of a partial match, the length of the next shorter one to continue with.
  private let fallback: [Int]

  /// Prepares a search for `needle`, which must not be empty.
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

  /// The first offset, at or after `from`, where the needle occurs.
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

  /// The last offset where the needle occurs in `bytes`.
  static func last(_ needle: [UInt8], in bytes: some BidirectionalCollection<UInt8>) -> Int? {
    let backwards = Array(bytes.reversed())
    return ByteSearch(needle.reversed()).first(in: backwards.span).map { backwards.count - $0 - needle.count }
  }
}
