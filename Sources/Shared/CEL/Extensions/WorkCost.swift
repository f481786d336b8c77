// SPDX-License-Identifier: Apache-2.0

/// What the functions of the libraries cost, from their arguments, in the units of ``Program/evaluate(_:costLimit:)``.
///
/// Functions that walk a value to its end are charged its ``Value/weight``.
enum WorkCost {
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
}
