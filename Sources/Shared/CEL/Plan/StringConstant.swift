// SPDX-License-Identifier: Apache-2.0

/// A string of the expression, with its bytes at hand for comparing with bytes of a document.
struct StringConstant: Sendable {
  let string: String
  let utf8: [UInt8]

  init(_ string: String) {
    self.string = string
    self.utf8 = Array(string.utf8)
  }

  func equals(_ foreign: ForeignValue) -> Bool {
    guard foreign.kind == .string else { return false }
    guard let bytes = unsafe foreign.source.rawString(foreign.node) else {
      return foreign.source.string(foreign.node).isUTF8Equal(to: string)
    }
    guard bytes.count == utf8.count else { return false }
    return unsafe utf8.withUnsafeBufferPointer { unsafe UTF8Order.compare(bytes, $0) == 0 }
  }
}

/// A set of strings that is asked with raw bytes.
struct StringSet: Sendable {
  private let strings: [[UInt8]]
  /// By length: where the strings of that length begin and end in `strings`; empty beyond the longest.
  private let ranges: [Range<Int>]

  init(_ strings: [String]) {
    var seen: Set<[UInt8]> = []
    let unique = strings.map { Array($0.utf8) }.filter { seen.insert($0).inserted }
    // Lengths beyond this share the last range, so that one long string does not cost a table.
    let buckets = Self.longest + 1
    let sorted = unique.sorted { left, right in
      let (leftBucket, rightBucket) = (min(left.count, Self.longest), min(right.count, Self.longest))
      return leftBucket != rightBucket ? leftBucket < rightBucket : left.lexicographicallyPrecedes(right)
    }
    var ranges: [Range<Int>] = []
    var start = 0
    for length in 0..<buckets {
      var end = start
      while end < sorted.count, min(sorted[end].count, Self.longest) == length { end += 1 }
      ranges.append(start..<end)
      start = end
    }
    self.strings = sorted
    self.ranges = ranges
  }

  private static let longest = 256

  func contains(_ string: String) -> Bool {
    var string = string
    return string.withUTF8 { unsafe contains($0) }
  }

  func contains(_ foreign: ForeignValue) -> Bool {
    if let bytes = unsafe foreign.source.rawString(foreign.node) { return unsafe contains(bytes) }
    return contains(foreign.source.string(foreign.node))
  }

  /// Bisects among the strings of the same length.
  func contains(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let range = ranges[min(bytes.count, Self.longest)]
    var low = range.lowerBound
    var high = range.upperBound
    while low < high {
      let middle = (low + high) / 2
      let order = unsafe strings[middle].withUnsafeBufferPointer { unsafe UTF8Order.compare($0, bytes) }
      if order == 0 { return true }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return false
  }
}
