// SPDX-License-Identifier: Apache-2.0

/// `--share`: which clients share a command.
package enum Sharing: String, Sendable, CaseIterable {
  /// All who want the same as the same identity.
  case identity
  /// All who want the same, whoever they are: what one may see, all may.
  case channel
  /// One listener alone.
  case none

  /// What stands for a command among those that run. The parts are told apart by a byte that none of them can
  /// have.
  package func key(_ channel: String, identity: String, listener: String) -> String {
    switch self {
    case .identity: "\(identity)\u{0}\(channel)"
    case .channel: channel
    case .none: "\(identity)\u{0}\(channel)\u{0}\(listener)"
    }
  }
}
