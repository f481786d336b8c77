// SPDX-License-Identifier: Apache-2.0

package import Process

/// Why the metrics could not be served.
package struct MetricsServerError: ToolError, Sendable {
  package enum Code: Sendable {
    /// The text is not an address.
    case address
    /// The system call that failed is in the message.
    case system(errno: Int32)
  }

  package var code: Code
  package var description: String

  /// A mistyped address is bad usage. An address that is in use, or that this machine does not have, is
  /// unavailable.
  package var status: ExitStatus {
    switch code {
    case .address: .usage
    case .system: .unavailable
    }
  }
}
