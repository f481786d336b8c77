// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Command
internal import Pipe

@main struct WfanoutCommand: ToolCommand {
  static let tool = "wfanout"
  static let followsReader = false
  static let configuration = CommandConfiguration(
    commandName: tool, abstract: "Serve one stream of lines to any number of listeners.",
    discussion: "Reads NDJSON on standard input; serves it as SSE, WebSocket and NDJSON.",
    version: "\(tool) \(Version.string)")

  @Option(
    help: ArgumentHelp(
      "Where to listen: :PORT (loopback), HOST:PORT, [IPv6]:PORT, unix:PATH.", valueName: "address"))
  var listen: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where operators ask: status, clients, broadcast. Local addresses only.", valueName: "address"))
  var admin: String?

  @Option(
    help: ArgumentHelp("Who may listen: lines of TOKEN IDENTITY [EXPIRES].", valueName: "file"),
    completion: .file())
  var authTokens: String?

  @Flag(help: "Take a token from the query (?token=), too.")
  var allowQueryToken = false

  @Flag(help: "Let anyone listen who can reach an address that is not local.")
  var noAuth = false

  @Option(
    help: ArgumentHelp(
      "Run this for each channel that is asked for, in place of standard input: 'kwatch {resourceType} [-n {namespace}]'.",
      valueName: "command"))
  var upstream: String?

  @Option(help: ArgumentHelp("How long a command goes on when nobody listens.", valueName: "duration"))
  var grace = DurationArgument(.seconds(10))

  @Option(help: ArgumentHelp("Memory for events that listeners may still want.", valueName: "size"))
  var ring = "64MiB"

  @Option(
    help: ArgumentHelp(
      "Events a listener may be behind; all in the ring when not given.", valueName: "events"))
  var queue: Int?

  @Option(
    help: ArgumentHelp(
      "What happens to one further behind: drop-oldest, reset, disconnect, block.", valueName: "policy"))
  var overflow = OverflowPolicy.dropOldest

  @Option(help: ArgumentHelp("Gather events for so long before sending.", valueName: "milliseconds"))
  var coalesceMs = 0

  @Option(help: ArgumentHelp("Silence after which a listener gets a sign of life.", valueName: "duration"))
  var heartbeat = DurationArgument(.seconds(5))

  @Option(help: ArgumentHelp("Silence after which a WebSocket is pinged.", valueName: "duration"))
  var wsHeartbeat = DurationArgument(.seconds(30))

  @Option(help: ArgumentHelp("How long a pinged WebSocket has to answer.", valueName: "duration"))
  var wsHeartbeatTimeout = DurationArgument(.seconds(10))

  @Option(help: ArgumentHelp("Cut a listener that takes nothing for so long.", valueName: "duration"))
  var stall = DurationArgument(.seconds(30))

  @Option(help: ArgumentHelp("How long listeners are given at the end.", valueName: "duration"))
  var drain = DurationArgument(.seconds(10))

  @Option(help: ArgumentHelp("Listeners at one time.", valueName: "count"))
  var maxClients = 1000

  @Flag(help: "Keep the latest object of each key for late listeners.")
  var snapshot = false

  @Option(help: ArgumentHelp("Objects the snapshot may hold.", valueName: "count"))
  var keysLimit = 100_000

  @Option(help: ArgumentHelp("What a listener's filter may cost for one event.", valueName: "cost"))
  var costLimit = 100_000

  @Option(help: ArgumentHelp("Let pages of this origin (or *) read.", valueName: "origin"))
  var cors: String?

  @Option(help: ArgumentHelp("Event loops.", valueName: "count"))
  var loops: Int?

  @Flag(help: "Say nothing but errors.")
  var quiet = false

  @Flag(help: "Say more.")
  var verbose = false

  func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let diagnostics = Diagnostics(tool: Self.tool, level: quiet ? .quiet : verbose ? .verbose : .normal)
    return try Run(configuration: settings(), diagnostics: diagnostics, shutdown: shutdown).run()
  }

  private func settings() throws -> Configuration {
    var settings = Configuration()
    settings.listen = try (listen.isEmpty ? [":8080"] : listen).map { text in
      guard let address = ListenAddress(text) else {
        throw ValidationError("--listen '\(text)': give :PORT, HOST:PORT, [IPv6]:PORT or unix:PATH")
      }
      return address
    }
    if let authTokens {
      settings.authenticator = Authenticator(
        tokens: try TokenFile(path: authTokens), allowsQueryToken: allowQueryToken)
    } else if allowQueryToken {
      throw ValidationError("--allow-query-token needs --auth-tokens")
    }
    if settings.authenticator == nil, !noAuth, let open = settings.listen.first(where: { !$0.isLocal }) {
      throw ValidationError(
        "--listen \(open): anyone could listen; give --auth-tokens FILE, or --no-auth if that is meant")
    }
    if let admin {
      guard let address = ListenAddress(admin), address.isLocal else {
        throw ValidationError("--admin '\(admin)': give :PORT, a loopback address or unix:PATH")
      }
      settings.admin = address
    }
    if let upstream {
      do throws(UpstreamTemplate.Malformed) {
        settings.upstream = try UpstreamTemplate(upstream)
      } catch {
        throw ValidationError("--upstream '\(upstream)': \(error)")
      }
    }
    settings.grace = grace.duration
    guard let bytes = ByteSize(ring), bytes.count >= 1 << 16 else {
      throw ValidationError("--ring '\(ring)': give a size of at least 64KiB, as 64MiB")
    }
    settings.ringLimit = bytes.count
    if let queue, queue < 1 { throw ValidationError("--queue must be at least 1") }
    settings.rule = OverflowRule(policy: overflow, queueLimit: queue)
    guard (0...10_000).contains(coalesceMs) else { throw ValidationError("--coalesce-ms: 0 to 10000") }
    settings.coalesce = .milliseconds(coalesceMs)
    settings.limits.heartbeatSeconds = try seconds(heartbeat, "--heartbeat")
    settings.limits.pingSeconds = try seconds(wsHeartbeat, "--ws-heartbeat")
    settings.limits.pongSeconds = try seconds(wsHeartbeatTimeout, "--ws-heartbeat-timeout")
    settings.limits.stallSeconds = try seconds(stall, "--stall")
    settings.drain = drain.duration
    guard maxClients > 0 else { throw ValidationError("--max-clients must be at least 1") }
    settings.clientLimit = maxClients
    settings.snapshotKeys = snapshot ? max(1, keysLimit) : nil
    settings.corsOrigin = cors
    guard costLimit > 0 else { throw ValidationError("--cost-limit must be at least 1") }
    settings.costLimit = costLimit
    settings.hasEcho = ProcessEnvironment.value("WFANOUT_TEST_ECHO") == "1"
    if let loops {
      guard (1...256).contains(loops) else { throw ValidationError("--loops: 1 to 256") }
      settings.loops = loops
    } else {
      settings.loops = Configuration.processors
    }
    return settings
  }

  private func seconds(_ argument: DurationArgument, _ flag: String) throws -> UInt32 {
    let seconds = argument.duration.components.seconds
    guard seconds >= 1, seconds <= 86_400 else { throw ValidationError("\(flag): 1s to 24h") }
    return UInt32(seconds)
  }
}

extension OverflowPolicy: ExpressibleByArgument {}
