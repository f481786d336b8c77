// SPDX-License-Identifier: Apache-2.0

/// What the functions of the libraries cost, from their arguments, in the units of ``Program/evaluate(_:costLimit:)``.
enum WorkCost {
  /// More than any limit; far enough from overflow to be added to.
  static let beyondLimits = Int.max / 16
  /// How many values ``deepSize(_:)`` looks at before it gives up.
  private static let visitLimit = 200_000

  /// A tenth of a string's or byte string's length; the elements of a list, the entries of a map; 1 for the rest.
  static func size(_ value: Value) -> Int {
    switch value {
    case .string(let text): text.utf8.count / 10 + 1
    case .bytes(let bytes): bytes.count / 10 + 1
    case .list(let list): list.count + 1
    case .map(let map): map.count + 1
    default: 1
    }
  }

  /// The length of a string or byte string in bytes; the size of anything else.
  static func bytes(_ value: Value) -> Int {
    switch value {
    case .string(let text): text.utf8.count
    case .bytes(let bytes): bytes.count
    default: size(value)
    }
  }

  /// The size of a value with everything in it, as comparing or printing it walks through it.
  ///
  /// A value with more than 200,000 parts, which sharing makes possible in little memory, is beyond all limits.
  static func deepSize(_ value: Value) -> Int {
    var visits = 0
    return deepSize(value, &visits)
  }

  private static func deepSize(_ value: Value, _ visits: inout Int) -> Int {
    visits += 1
    guard visits <= visitLimit else { return beyondLimits }
    var total = 1
    switch value.native {
    case .list(let list):
      for element in list {
        total = sum(total, deepSize(element, &visits))
        if visits > visitLimit { return beyondLimits }
      }
    case .map(let map):
      for entry in map.entries {
        total = sum(total, sum(deepSize(entry.key, &visits), deepSize(entry.value, &visits)))
        if visits > visitLimit { return beyondLimits }
      }
    case .optional(let inner): if let inner { total = sum(total, deepSize(inner, &visits)) }
    case let scalar: total = size(scalar)
    }
    return total
  }

  static func sum(_ left: Int, _ right: Int) -> Int {
    let (total, overflow) = left.addingReportingOverflow(right)
    return overflow ? beyondLimits : min(total, beyondLimits)
  }

  static func product(_ left: Int, _ right: Int) -> Int {
    let (total, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? beyondLimits : min(total, beyondLimits)
  }
}
