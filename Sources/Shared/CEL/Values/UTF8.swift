// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Comparison by code points, which for valid UTF-8 is the same as by bytes. Swift's `==` and `<` on `String`
/// use canonical equivalence: "é" equals "e" followed by U+0301 in Swift, but not in CEL.
extension String {
  /// Whether both have the same code points.
  @inline(__always)
  func isUTF8Equal(to other: String) -> Bool {
    let count = utf8.count
    guard count == other.utf8.count else { return false }
    if count == 0 { return true }
    let fast = unsafe utf8.withContiguousStorageIfAvailable { left in
      unsafe other.utf8.withContiguousStorageIfAvailable { right in
        unsafe UTF8Order.compare(left, right) == 0
      }
    }
    if let result = fast ?? nil { return result }
    return utf8.elementsEqual(other.utf8)
  }

  /// The order by code points: -1, 0 or 1.
  func compareUTF8(to other: String) -> Int {
    let fast = unsafe utf8.withContiguousStorageIfAvailable { left in
      unsafe other.utf8.withContiguousStorageIfAvailable { right in unsafe UTF8Order.compare(left, right) }
    }
    if let result = fast ?? nil { return result }
    return utf8.lexicographicallyPrecedes(other.utf8) ? -1 : (utf8.elementsEqual(other.utf8) ? 0 : 1)
  }
}

/// Order of byte strings.
enum UTF8Order {
  static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
    let shared = min(left.count, right.count)
    if shared > 0, let leftStart = left.baseAddress, let rightStart = right.baseAddress {
      let order = unsafe memcmp(leftStart, rightStart, shared)
      if order != 0 { return order < 0 ? -1 : 1 }
    }
    return left.count == right.count ? 0 : (left.count < right.count ? -1 : 1)
  }
}
