// SPDX-License-Identifier: Apache-2.0

/// The order of values for `<`, `sort`, `min` and `max`.
enum ValueOrder {
  /// -1, 0 or 1; nil if a value is NaN.
  ///
  /// - Throws: `noMatchingOverload` for values that cannot be compared.
  static func compare(_ left: Value, _ right: Value) throws(EvaluationError) -> Int? {
    switch (left, right) {
    case (.string(let left), .string(let right)): return left.compareUTF8(to: right)
    case (.bytes(let left), .bytes(let right)):
      return left == right ? 0 : (left.lexicographicallyPrecedes(right) ? -1 : 1)
    case (.bool(let left), .bool(let right)): return left == right ? 0 : (right ? -1 : 1)
    case (.timestamp(let left), .timestamp(let right)): return left == right ? 0 : (left < right ? -1 : 1)
    case (.duration(let left), .duration(let right)): return left == right ? 0 : (left < right ? -1 : 1)
    default:
      switch left.numericOrder(right) {
      case .less: return -1
      case .same: return 0
      case .greater: return 1
      case .unordered: return nil
      case nil: throw .noMatchingOverload
      }
    }
  }

  /// The types that can be compared.
  static let types: [ValueType] = [
    .int, .uint, .double, .bool, .duration, .timestamp, .string, .bytes,
  ]
}
