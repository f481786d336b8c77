// SPDX-License-Identifier: Apache-2.0

/// Why a filter is refused before the first line.
package struct FilterError: Error, Sendable, Equatable, CustomStringConvertible {
  /// For people: what is wrong, and of an expression where: `1:7: …`, the source, and a caret below it.
  package let description: String

  package init(_ description: String) { self.description = description }
}
