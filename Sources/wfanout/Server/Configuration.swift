// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Pipe

/// What the command line asked for, read and checked.
struct Configuration: Sendable {
  var listen: [ListenAddress] = []
  var loops = 2
  /// In bytes.
  var ringLimit = 64 << 20
  var rule = OverflowRule(policy: .dropOldest, queueLimit: nil)
  /// How long events are gathered before they are sent.
  var coalesce: Duration = .zero
  var limits = ConnectionLimits()
  var clientLimit = 1000
  /// How long listeners are given to take what is left.
  var drain: Duration = .seconds(10)
  /// Objects kept for late listeners; nil keeps none.
  var snapshotKeys: Int?
  /// The value of `Access-Control-Allow-Origin`; nil allows none.
  var corsOrigin: String?
  /// The command behind channels; nil serves standard input alone.
  var upstream: UpstreamTemplate?
  /// How long a command goes on when nobody listens any more.
  var grace: Duration = .seconds(10)
  /// Where operators ask; nil is nowhere.
  var admin: ListenAddress?
  /// Who may listen; nil is anyone who can reach an address.
  var authenticator: Authenticator?
  /// Objects kept for each channel.
  static let channelKeys = 100_000
  /// What a listener's filter may cost for one event.
  var costLimit = 100_000
  /// For WebSocket conformance tests: an endpoint that gives back what it gets.
  var hasEcho = false
}

extension Configuration {
  /// One event loop a processor.
  static var processors: Int { max(1, System.coreCount) }
}
