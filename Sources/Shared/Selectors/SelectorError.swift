// SPDX-License-Identifier: Apache-2.0

/// Why a selector was refused, in Kubernetes' words.
package struct SelectorError: Error, Sendable, Equatable, CustomStringConvertible {
  package var message: String
  package var description: String { message }

  package init(_ message: String) { self.message = message }
}
