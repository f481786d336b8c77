// SPDX-License-Identifier: Apache-2.0
package import Events
import NIOCore
package import Process

/// The configuration: defaults, overridden by the file of `--config`, overridden by the command line.
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
  /// Maximum number of connections per client; nil is `--max-clients`.
  package var clientConnectionLimit: Int?
  /// How long clients may take to receive the remaining events at the end.
  package var drain: Duration = .seconds(10)
  /// Whether the latest object of each key of standard input is kept for new listeners. Channels always keep
  /// them.
  package var keepsSnapshot = false
  /// The key of an object; nil uses its uid, else its namespace and name.
  package var snapshotKey: KeyExpression?
  /// Additional paths, each of which serves a selection of the objects.
  package var routes: [SnapshotRoute] = []
  /// Objects kept of one stream.
  package var keyLimit = 100_000
  /// The origins whose pages may read, or `*`.
  package var corsOrigins: [String] = []
  /// Host names, besides `localhost`, that requests to a loopback address may name, or `*`.
  package var hosts: [String] = []
  /// The command that produces a channel's lines; nil serves standard input only.
  package var upstream: UpstreamTemplate?
  /// The command that prints the events of standard input's source after a version, then exits.
  package var catchUp: UpstreamTemplate?
  /// The clients that share one command.
  package var sharing = Sharing.identity
  /// How long a command keeps running after its last listener has left.
  package var grace: Duration = .seconds(10)
  /// Maximum number of running commands, including those without listeners.
  package var upstreamLimit = 64
  /// The limit for one client; nil means three quarters of all.
  package var clientUpstreamLimit: Int?
  var clientUpstreams: Int { clientUpstreamLimit ?? (upstreamLimit * 3 + 3) / 4 }
  /// Whether the stderr of a command is hidden from clients.
  package var hidesErrors = false
  /// A recording to serve in place of standard input.
  package var replay: String?
  /// Speed relative to the recording; infinity is without delay.
  package var speed = 1.0
  /// The longest pause between two lines; longer ones are shortened to it.
  package var longestGap: Duration = .seconds(60)
  /// The event types that a `/ws` client may ask for; nil allows any.
  package var eventTypes: Set<String>?
  /// The address of the admin listener; nil for none.
  package var admin: ListenAddress?
  /// The certificate chain and its key, for TLS on all TCP addresses but the operators'.
  package var certificateFile: String?
  package var keyFile: String?
  /// The file of tokens; nil requires no token.
  package var tokenFile: String?
  /// The server that validates tokens.
  package var validator: ValidatorURL?
  /// The certificate authorities that it is verified with; nil uses the system's.
  package var validatorAuthority: String?
  package var validatorTimeout: Duration = .seconds(5)
  /// The longest time that a result of the validator is cached.
  package var validatorCacheSeconds: UInt32 = 30
  /// Off by default, because a token in a URL ends up in browser histories and logs.
  package var allowsQueryToken = false
  /// Whether addresses that are not local may be served without tokens.
  package var allowsAnyone = false
  /// Maximum number of channels per client on one event stream.
  package var channelLimit = 50
  /// The cost limit of a listener's filter for one event, in steps of at most 50 ns: 5 ms.
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
  /// Whether `/ws/echo` returns each message, for WebSocket conformance tests.
  package var hasEcho = false

  /// The place of each setting, for messages.
  package var places: [String: Place] = [:]

  package enum Place: Sendable {
    case flag
    /// A line of the file of `--config`, with the file's name.
    case line(Int, of: String)
  }

  package init() {}
}

extension Configuration {
  /// Settings that contradict each other, or would serve anonymous clients without `--no-auth`.
  package struct CombinationError: ToolError {
    package var description: String
    package var status: ExitStatus { .usage }
  }

  /// Checks the whole configuration; call it when all settings have been applied.
  package func check() throws(CombinationError) {
    for dependency in Dependency.all where !dependency.isMet(self) {
      for name in dependency.settings {
        guard let place = places[name] else { continue }
        throw CombinationError(place, "\(name) needs \(dependency.remedy)")
      }
    }
    let ownersAlone = [ChannelRequest.identityField, ChannelRequest.tokenField]
    if sharing == .channel, let field = ownersAlone.first(where: { upstream?.fields.contains($0) == true }) {
      throw CombinationError(
        description:
          "--share channel cannot be used with {\(field)} in --upstream, which is different for each client")
    }
    if upstream?.fields.contains(ChannelRequest.tokenField) == true, !hasTokens {
      throw CombinationError(description: "{tokenFile} in --upstream requires --auth-tokens or --auth-url")
    }
    if (certificateFile == nil) != (keyFile == nil) {
      throw CombinationError(description: "--tls-cert and --tls-key require each other")
    }
    if let catchUp, catchUp.fields != [ChannelRequest.resumeField] {
      throw CombinationError(
        description: "catch-up: the command must have {resourceVersion} and no other placeholder")
    }
    if catchUp != nil, upstream != nil {
      throw CombinationError(
        description: "catch-up is for standard input; with --upstream, put {resourceVersion} into its command"
      )
    }
    if let template = catchUp { try checkCommand(of: template, "catch-up") }
    if replay != nil, upstream != nil {
      throw CombinationError(description: "--replay and --upstream cannot be used together")
    }
    if let template = upstream { try checkCommand(of: template, "--upstream") }
    if let open = listen.first(where: { !$0.isLocal }) { try checkOpen("--listen \(open)") }
    if let admin, listen.contains(admin), !admin.isAnyPort {
      throw CombinationError(description: "--admin \(admin): --listen has this address; give another one")
    }
  }

  private func checkCommand(of template: UpstreamTemplate, _ setting: String) throws(CombinationError) {
    guard let command = template.command, let fault = CommandSearch.fault(in: command) else { return }
    let remedy =
      command.contains("=")
      ? ": a variable is set with env: env \(command) COMMAND"
      : command.hasPrefix("~") ? ": no shell is used, so write the whole path" : ""
    throw CombinationError(description: "\(setting): \(fault)\(remedy)")
  }

  fileprivate var hasTokens: Bool { tokenFile != nil || validator != nil }

  /// Checks that an address that is not local may be served.
  package func checkOpen(_ address: String) throws(CombinationError) {
    guard !hasTokens, !allowsAnyone else { return }
    throw CombinationError(
      description:
        "\(address): other machines can reach it: give --auth-tokens FILE or --auth-url URL, or --no-auth to serve everyone"
    )
  }
}

extension Configuration.CombinationError {
  fileprivate init(_ place: Configuration.Place, _ message: String) {
    switch place {
    case .flag: self.init(description: "--\(message)")
    case .line(let line, let path):
      self.init(description: "configuration '\(path)': line \(line): \(message)")
    }
  }
}

/// Settings that have no effect without another one. Giving one of them alone is a mistake.
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
