// SPDX-License-Identifier: Apache-2.0

/// Why the metrics could not be served.
package struct MetricsServerError: Error, Sendable, CustomStringConvertible {
  package enum Code: Sendable {
    /// Not an address at all.
    case address
    /// The system call that failed is in the message.
    case system(errno: Int32)
  }

  package var code: Code
  package var description: String
}
