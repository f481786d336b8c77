// SPDX-License-Identifier: Apache-2.0

/// Why a text is not the expected JSON.
package enum JSONError: Error, Equatable, CustomStringConvertible {
  /// The text ends inside a value.
  case truncated
  /// The byte at this offset is not allowed there.
  case unexpected(at: Int)
  /// Nested deeper than the reader's limit.
  case tooDeep
  /// The offset of a string that has an invalid escape, a control character or a byte sequence that is not UTF-8.
  case invalidString(at: Int)

  package var description: String {
    switch self {
    case .truncated: "it ends inside a value"
    case .unexpected(let offset): "unexpected byte at offset \(offset)"
    case .tooDeep: "it is nested too deeply"
    case .invalidString(let offset): "invalid string at offset \(offset)"
    }
  }
}
