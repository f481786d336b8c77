// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Pipe

/// What the command line and the file of `--config` ask for, with the defaults.
struct Configuration: Sendable {
  /// Where to listen; empty is ``defaultAddress``, unless the service manager has opened sockets.
  var listen: [ListenAddress] = []
  static let defaultAddress = ListenAddress.tcp(host: "127.0.0.1", port: 8080)
  /// Event loops; one a processor.
  var loops = max(1, System.coreCount)
  /// In bytes.
  var ringLimit = 64 << 20
  var rule = OverflowRule(policy: .dropOldest, queueLimit: nil)
  /// How long events are gathered before they are sent.
  var coalesceMilliseconds = 0
  var limits = ConnectionLimits()
  var clientLimit = 1000
  /// How long listeners are given to take what is left.
  var drain: Duration = .seconds(10)
  /// Whether the latest object of each key is kept for late listeners of standard input; a channel's always is.
  var keepsSnapshot = false
  /// The key of an object; nil takes its uid, else its namespace and name.
  var snapshotKey: KeyExpression?
  /// Paths under which some of the objects are found.
  var routes: [SnapshotRoute] = []
  /// Objects kept of one stream.
  var keyLimit = 100_000
  /// The value of `Access-Control-Allow-Origin`; nil allows none.
  var corsOrigin: String?
  /// The command behind channels; nil serves standard input alone.
  var upstream: UpstreamTemplate?
  /// Who is served by one such command.
  var sharing = Sharing.identity
  /// How long a command goes on when nobody listens any more.
  var grace: Duration = .seconds(10)
  /// A recording to serve in place of standard input.
  var replay: String?
  /// How much faster than it was recorded; infinite is flat out.
  var speed = 1.0
  /// What a longer silence in it is shortened to.
  var longestGap: Duration = .seconds(60)
  /// The event types that a `/ws` client may ask for; nil allows any.
  var eventTypes: Set<String>?
  /// Where operators ask; nil is nowhere.
  var admin: ListenAddress?
  /// The certificate chain and its key, for TLS on all TCP addresses but the operators'.
  var certificateFile: String?
  var keyFile: String?
  /// Where it is written who may listen; nil is anyone who can reach an address.
  var tokenFile: String?
  /// Who is asked whose a token is.
  var validator: ValidatorURL?
  /// The certificates that its own is checked with; nil takes the system's.
  var validatorAuthority: String?
  var validatorTimeout: Duration = .seconds(5)
  /// How long an answer of the validator is believed at most.
  var validatorCacheSeconds: UInt32 = 30
  /// A token in a URL ends up in histories and logs, so that is for those only who ask for it.
  var allowsQueryToken = false
  /// Addresses that are not local need no token.
  var allowsAnyone = false
  /// Channels a client may have on one event stream.
  var channelLimit = 50
  /// What a listener's filter may cost for one event.
  var costLimit = 100_000
  /// Requests of one client in a second; nil is no limit.
  var requestRate: Double?
  /// Compresses WebSocket messages for clients that offer it (RFC 7692).
  var compressesMessages = false
  /// For WebSocket conformance tests: an endpoint that gives back what it gets.
  var hasEcho = false
}

extension Configuration {
  /// Settings that are good each for itself and make no sense together, or would serve strangers unasked.
  struct Contradiction: ToolError {
    var description: String
    var status: ExitStatus { .usage }
  }

  /// To be asked when all is set.
  func check() throws(Contradiction) {
    if !keepsSnapshot, !routes.isEmpty || snapshotKey != nil {
      throw Contradiction(description: "routes and snapshot-key need --snapshot")
    }
    if sharing == .channel, upstream?.usesIdentity == true {
      throw Contradiction(description: "--share channel: {identity} in --upstream is one listener's alone")
    }
    if (certificateFile == nil) != (keyFile == nil) {
      throw Contradiction(description: "--tls-cert and --tls-key go together")
    }
    if replay != nil, upstream != nil {
      throw Contradiction(description: "--replay and --upstream are two sources; give one")
    }
    if allowsQueryToken, !hasTokens {
      throw Contradiction(description: "allow-query-token needs --auth-tokens or --auth-url")
    }
    if let open = listen.first(where: { !$0.isLocal }) { try checkOpen("--listen \(open)") }
  }

  private var hasTokens: Bool { tokenFile != nil || validator != nil }

  /// To be asked for an address that is not local.
  func checkOpen(_ address: String) throws(Contradiction) {
    guard !hasTokens, !allowsAnyone else { return }
    throw Contradiction(
      description:
        "\(address): anyone could listen; give --auth-tokens FILE or --auth-url URL, or --no-auth if that is meant"
    )
  }
}
