// SPDX-License-Identifier: Apache-2.0

/// `--share`: which clients share a command.
package enum Sharing: String, Sendable, CaseIterable {
  /// All clients of one identity share a command.
  case identity
  /// All clients of a channel share a command: what one of them may see, all may.
  case channel
  /// One listener alone.
  case none

  /// The key of a running command. Its parts are separated by a byte that none of them can contain.
  package func key(_ channel: String, identity: String, listener: String) -> String {
    switch self {
    case .identity: "\(identity)\u{0}\(channel)"
    case .channel: channel
    case .none: "\(identity)\u{0}\(channel)\u{0}\(listener)"
    }
  }
}
