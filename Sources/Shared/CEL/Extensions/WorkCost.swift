// SPDX-License-Identifier: Apache-2.0

/// The costs of library functions, computed from their arguments, in the steps of
/// ``Program/evaluate(_:costLimit:)``.
///
/// A function that walks a whole value costs its ``Value/weight``.
enum WorkCost {
  /// The size of a value: a tenth of the bytes of a string or byte string, the number of elements of a list
  /// or entries of a map, 1 for other values.
  static func size(_ value: Value) -> Int {
    switch value {
    case .string(let text): text.utf8.count / 10 + 1
    case .bytes(let bytes): bytes.count / 10 + 1
    case .list(let list): list.count + 1
    case .map(let map): map.count + 1
    default: 1
    }
  }

  /// The length of a string or byte string in bytes; the size of other values.
  static func bytes(_ value: Value) -> Int {
    switch value {
    case .string(let text): text.utf8.count
    case .bytes(let bytes): bytes.count
    default: size(value)
    }
  }
}
