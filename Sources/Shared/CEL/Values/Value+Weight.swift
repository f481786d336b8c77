// SPDX-License-Identifier: Apache-2.0

extension Value {
  /// The number of values in it, at any depth, including itself. A string counts one more for each ten bytes.
  ///
  /// A value that can be reached on two paths counts twice. A value with shared parts may need little memory
  /// and still take very long to visit, so a function is charged the weight of a value before it visits all
  /// of it. Saturates at `Int.max / 4`.
  var weight: Int {
    switch self {
    case .string(let string): 1 + string.utf8.count / 10
    case .bytes(let bytes): 1 + bytes.count / 10
    case .list(let list): list.weight
    case .map(let map): map.weight
    case .optional(let inner): inner.map { $0.weight.addingSaturated(1) } ?? 1
    case .opaque(let value): Swift.max(1, Swift.min(value.weight, Int.saturation))
    case .foreign(let foreign): Swift.min(foreign.source.weight(foreign.node), Int.saturation)
    default: 1
    }
  }
}

extension Int {
  fileprivate static let saturation = Int.max / 4

  /// The sum, at most a quarter of `Int.max`, which is above all cost limits.
  func addingSaturated(_ other: Int) -> Int { Swift.min(self &+ other, Self.saturation) }

  /// The product, at most a quarter of `Int.max`.
  func multipliedSaturated(by other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? Self.saturation : Swift.min(product, Self.saturation)
  }
}
