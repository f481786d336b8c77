// SPDX-License-Identifier: Apache-2.0

/// Why a filter is refused before the first line.
package struct FilterError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The error for people. For an expression it begins with the place, `1:7: …`, and ends with the source and
  /// a caret below it.
  package let description: String

  package init(_ description: String) { self.description = description }
}
