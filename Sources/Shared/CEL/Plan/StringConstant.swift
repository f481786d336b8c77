// SPDX-License-Identifier: Apache-2.0

/// A string constant with its bytes, for comparison with the bytes of a document.
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

/// A set of strings that is searched by raw bytes.
struct StringSet: Sendable {
  private let strings: [[UInt8]]
  /// The range of the strings of each length in `strings`; empty for lengths beyond the longest.
  private let ranges: [Range<Int>]

  init(_ strings: [String]) {
    var seen: Set<[UInt8]> = []
    let unique = strings.map { Array($0.utf8) }.filter { seen.insert($0).inserted }
    // Greater lengths share the last range, so that one long string does not need a large table.
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

  /// Searches the strings of the same length by bisection.
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
