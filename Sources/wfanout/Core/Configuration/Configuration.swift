// SPDX-License-Identifier: Apache-2.0
package import Events
import NIOCore
package import Process

/// What the command line and the file of `--config` ask for, with the defaults.
package struct Configuration: Sendable {
  /// Where to listen; empty is ``defaultAddress``, unless the service manager has opened sockets.
  package var listen: [ListenAddress] = []
  package static let defaultAddress = ListenAddress.tcp(host: "127.0.0.1", port: 8080)
  /// Event loops; one a processor.
  package var loops = max(1, System.coreCount)
  /// In bytes.
  package var ringLimit = 64 << 20
  package var rule = OverflowRule(policy: .dropOldest, queueLimit: nil)
  /// How long events are gathered before they are sent.
  package var coalesceMilliseconds = 0
  package var limits = ConnectionLimits()
  package var clientLimit = 1000
  /// Connections of one client; nil is as many as there are places.
  package var clientConnectionLimit: Int?
  /// How long listeners are given to take what is left.
  package var drain: Duration = .seconds(10)
  /// Whether the latest object of each key is kept for late listeners of standard input; a channel's always
  /// is.
  package var keepsSnapshot = false
  /// The key of an object; nil takes its uid, else its namespace and name.
  package var snapshotKey: KeyExpression?
  /// Paths under which some of the objects are found.
  package var routes: [SnapshotRoute] = []
  /// Objects kept of one stream.
  package var keyLimit = 100_000
  /// The origins whose pages may read, or `*`.
  package var corsOrigins: [String] = []
  /// Names, apart from `localhost`, under which loopback addresses are served, or `*`.
  package var hosts: [String] = []
  /// The command behind channels; nil serves standard input alone.
  package var upstream: UpstreamTemplate?
  /// The command that prints what the source of standard input has after a version, and ends.
  package var catchUp: UpstreamTemplate?
  /// Who is served by one such command.
  package var sharing = Sharing.identity
  /// How long a command goes on when nobody listens any more.
  package var grace: Duration = .seconds(10)
  /// Commands at one time, those included that nobody listens to any more but still run.
  package var upstreamLimit = 64
  /// Those of one client; nil is three quarters of all.
  package var clientUpstreamLimit: Int?
  var clientUpstreams: Int { clientUpstreamLimit ?? (upstreamLimit * 3 + 3) / 4 }
  /// Keeps what a command writes to stderr from clients.
  package var hidesErrors = false
  /// A recording to serve in place of standard input.
  package var replay: String?
  /// How much faster than it was recorded; infinite is flat out.
  package var speed = 1.0
  /// What a longer silence in it is shortened to.
  package var longestGap: Duration = .seconds(60)
  /// The event types that a `/ws` client may ask for; nil allows any.
  package var eventTypes: Set<String>?
  /// Where operators ask; nil is nowhere.
  package var admin: ListenAddress?
  /// The certificate chain and its key, for TLS on all TCP addresses but the operators'.
  package var certificateFile: String?
  package var keyFile: String?
  /// Where it is written who may listen; nil is anyone who can reach an address.
  package var tokenFile: String?
  /// Who is asked whose a token is.
  package var validator: ValidatorURL?
  /// The certificates that its own is checked with; nil takes the system's.
  package var validatorAuthority: String?
  package var validatorTimeout: Duration = .seconds(5)
  /// How long an answer of the validator is believed at most.
  package var validatorCacheSeconds: UInt32 = 30
  /// A token in a URL ends up in histories and logs, so that is for those only who ask for it.
  package var allowsQueryToken = false
  /// Addresses that are not local need no token.
  package var allowsAnyone = false
  /// Channels a client may have on one event stream.
  package var channelLimit = 50
  /// What a listener's filter may cost for one event, in steps of at most 50 ns: 5 ms.
  package var costLimit = 100_000
  /// CPU time that the filters and snapshots of one client may use in a second.
  package var filterBudget: Duration = .milliseconds(250)
  /// How long the server runs; nil is without limit.
  package var timeLimit: Duration?
  package var status = StatusSink.Destination.nowhere
  /// Requests of one client in a second; nil is no limit.
  package var requestRate: Double?
  /// Compresses WebSocket messages for clients that offer it (RFC 7692).
  package var compressesMessages = false
  /// For WebSocket conformance tests: an endpoint that gives back what it gets.
  package var hasEcho = false

  /// Where each setting was given, as a message names it.
  package var places: [String: Place] = [:]

  package enum Place: Sendable {
    case flag
    /// A line of the file of `--config`, with the file's name.
    case line(Int, of: String)
  }

  package init() {}
}

extension Configuration {
  /// Settings that are good each for itself and make no sense together, or would serve strangers unasked.
  package struct CombinationError: ToolError {
    package var description: String
    package var status = ExitStatus.usage
  }

  /// To be asked when all is set.
  package func check() throws(CombinationError) {
    for dependency in Dependency.all where !dependency.isMet(self) {
      for name in dependency.settings {
        guard let place = places[name] else { continue }
        throw CombinationError(place, "\(name) needs \(dependency.remedy)")
      }
    }
    if sharing == .channel, upstream?.fields.contains("identity") == true {
      throw CombinationError(description: "--share channel: {identity} in --upstream is one listener's alone")
    }
    if (certificateFile == nil) != (keyFile == nil) {
      throw CombinationError(description: "--tls-cert and --tls-key go together")
    }
    if let catchUp, catchUp.fields != [ChannelRequest.resumeField] {
      throw CombinationError(
        description: "catch-up: the command needs {resourceVersion}, and no other placeholder")
    }
    if catchUp != nil, upstream != nil {
      throw CombinationError(
        description: "catch-up is for standard input; put {resourceVersion} into --upstream")
    }
    if let template = catchUp { try checkCommand(of: template, "catch-up") }
    if replay != nil, upstream != nil {
      throw CombinationError(description: "--replay and --upstream are two sources; give one")
    }
    if let template = upstream { try checkCommand(of: template, "--upstream") }
    if let open = listen.first(where: { !$0.isLocal }) { try checkOpen("--listen \(open)") }
  }

  private func checkCommand(of template: UpstreamTemplate, _ setting: String) throws(CombinationError) {
    guard let command = template.command, CommandSearch.path(of: command) == nil else { return }
    throw CombinationError(
      description: CommandSearch.isPath(command)
        ? "\(setting): '\(command)' is not an executable file"
        : "\(setting): there is no command '\(command)'")
  }

  fileprivate var hasTokens: Bool { tokenFile != nil || validator != nil }

  /// To be asked for an address that is not local.
  package func checkOpen(_ address: String) throws(CombinationError) {
    guard !hasTokens, !allowsAnyone else { return }
    throw CombinationError(
      description:
        "\(address): anyone could listen; give --auth-tokens FILE or --auth-url URL, or --no-auth if that is meant"
    )
  }
}

extension Configuration.CombinationError {
  fileprivate init(_ place: Configuration.Place, _ message: String) {
    switch place {
    case .flag: self.init(description: "--\(message)")
    case .line(let line, let path):
      self.init(description: "configuration '\(path)': line \(line): \(message)", status: .badConfig)
    }
  }
}

/// Settings that do nothing without another one. Whoever gives one of them expects something of it.
private struct Dependency: Sendable {
  var settings: [String]
  var remedy: String
  var isMet: @Sendable (Configuration) -> Bool

  static let all = [
    Dependency(settings: ["routes", "snapshot-key"], remedy: "--snapshot") { $0.keepsSnapshot },
    Dependency(settings: ["allow-query-token"], remedy: "--auth-tokens or --auth-url") { $0.hasTokens },
    Dependency(settings: ["auth-ca", "auth-timeout", "auth-cache"], remedy: "--auth-url") {
      $0.validator != nil
    },
    Dependency(settings: ["share", "max-channels", "idle-timeout"], remedy: "--upstream") {
      $0.upstream != nil
    },
    Dependency(settings: ["grace", "max-upstreams", "hide-stderr"], remedy: "--upstream or catch-up") {
      $0.upstream != nil || $0.catchUp != nil
    },
    Dependency(settings: ["speed", "replay-gap"], remedy: "--replay") { $0.replay != nil },
  ]
}
