// SPDX-License-Identifier: Apache-2.0

extension Value {
  /// How many values lie in it, at any depth, itself included; a string weighs one more for each ten bytes.
  ///
  /// A value that is reached on two ways counts twice: what takes little memory because it shares its parts can be
  /// immense to walk, and a function that walks a value is charged its weight first. Saturates at `Int.max / 4`.
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

  /// The sum of two amounts, or a quarter of `Int.max`, which is more than anything may cost.
  func addingSaturated(_ other: Int) -> Int { Swift.min(self &+ other, Self.saturation) }

  /// The product of two amounts, or a quarter of `Int.max`.
  func multipliedSaturated(by other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? Self.saturation : Swift.min(product, Self.saturation)
  }
}
