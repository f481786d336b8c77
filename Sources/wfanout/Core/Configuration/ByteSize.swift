// SPDX-License-Identifier: Apache-2.0

/// A number of bytes as people write it: `65536`, `64KiB`, `64MiB`, `1GiB`.
struct ByteSize: Equatable, Sendable {
  var count: Int

  init?(_ text: String) {
    let digits = text.prefix { $0.isNumber }
    guard let number = Int(digits), number > 0 else { return nil }
    let factor: Int
    switch text.dropFirst(digits.count) {
    case "", "B": factor = 1
    case "KiB", "K", "k": factor = 1 << 10
    case "MiB", "M": factor = 1 << 20
    case "GiB", "G": factor = 1 << 30
    default: return nil
    }
    let (product, overflow) = number.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    count = product
  }

  /// The shortest text that reads back as the same number.
  static func print(_ count: Int) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    guard let (suffix, size) = units.first(where: { count >= $0.1 && count % $0.1 == 0 }) else {
      return "\(count)"
    }
    return "\(count / size)\(suffix)"
  }
}
