internal import ArgumentParser
internal import Command
internal import Process
// SPDX-License-Identifier: Apache-2.0
import WfanoutCore
internal import YAML

/// Values stay text here: ``Setting`` reads them, whether they come from a flag or from the file of
/// `--config`.
@main struct WfanoutCommand: ToolCommand {
  static let tool = "wfanout"
  static let followsReader = false
  static let configuration = CommandConfiguration(
    commandName: tool, abstract: "Serve one stream of lines to any number of listeners.",
    discussion: "Reads NDJSON on standard input; serves it as SSE, WebSocket and NDJSON.",
    version: "\(tool) \(Version.string)")

  @Option(
    help: ArgumentHelp("Read settings from this YAML file; flags win over it.", valueName: "file"),
    completion: .file())
  var config: String?

  @Option(
    help: ArgumentHelp(
      "Where to listen: :PORT (loopback), HOST:PORT, [IPv6]:PORT, unix:PATH; :8080.", valueName: "address"))
  var listen: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where operators ask: status, clients, broadcast. Local addresses only.", valueName: "address"))
  var admin: String?

  @Option(
    help: ArgumentHelp("Speak TLS and HTTP/2, with this certificate chain (PEM).", valueName: "file"),
    completion: .file())
  var tlsCert: String?

  @Option(help: ArgumentHelp("The certificate's key (PEM).", valueName: "file"), completion: .file())
  var tlsKey: String?

  @Option(
    help: ArgumentHelp("Who may listen: lines of TOKEN IDENTITY [EXPIRES].", valueName: "file"),
    completion: .file())
  var authTokens: String?

  @Option(
    help: ArgumentHelp("Ask here by POST whose a token is (RFC 7662).", valueName: "url"))
  var authURL: String?

  @Flag(help: "Let anyone listen who can reach an address that is not local.")
  var noAuth = false

  @Option(
    help: ArgumentHelp(
      "Run this for each channel that is asked for, in place of standard input: 'kwatch {resourceType} [-n {namespace}]'.",
      valueName: "command"))
  var upstream: String?

  @Option(
    help: ArgumentHelp(
      "Serve this recording in place of standard input, in its own time.", valueName: "file"),
    completion: .file())
  var replay: String?

  @Option(help: ArgumentHelp("How much faster; max does not wait; 1.", valueName: "factor"))
  var speed: String?

  @Option(
    help: ArgumentHelp(
      "Who shares such a command: identity, channel (whoever asks), none; identity.", valueName: "whom"),
    completion: .list(Sharing.allCases.map(\.rawValue)))
  var share: String?

  @Option(help: ArgumentHelp("Memory for events that listeners may still want; 64MiB.", valueName: "size"))
  var ring: String?

  @Option(
    help: ArgumentHelp(
      "Events a listener may be behind; all in the ring when not given.", valueName: "events"))
  var queue: String?

  @Option(
    help: ArgumentHelp(
      "What happens to one further behind: drop-oldest, reset, disconnect, block; drop-oldest.",
      valueName: "policy"), completion: .list(OverflowPolicy.allCases.map(\.rawValue)))
  var overflow: String?

  @Option(help: ArgumentHelp("Gather events for so long before sending; 0.", valueName: "milliseconds"))
  var coalesceMs: String?

  @Option(
    help: ArgumentHelp("Silence after which a listener gets a sign of life; 5s.", valueName: "duration"))
  var heartbeat: String?

  @Option(help: ArgumentHelp("Cut a listener that takes nothing for so long; 30s.", valueName: "duration"))
  var stall: String?

  @Option(help: ArgumentHelp("How long listeners are given at the end; 10s.", valueName: "duration"))
  var drain: String?

  @Option(help: ArgumentHelp("Listeners at one time; 1000.", valueName: "count"))
  var maxClients: String?

  @Flag(help: "Keep the latest object of each key for late listeners.")
  var snapshot = false

  @Option(
    help: ArgumentHelp(
      "Let pages of this origin (or *) read. May be given more than once.", valueName: "origin"))
  var cors: [String] = []

  @Option(
    help: ArgumentHelp(
      "Serve loopback addresses under this name (or *) too, apart from localhost. May be given more than once.",
      valueName: "name"))
  var host: [String] = []

  @Option(help: ArgumentHelp("Event loops; one a processor.", valueName: "count"))
  var loops: String?

  @Flag(help: "Say nothing but errors.")
  var quiet = false

  @Flag(help: "Say more.")
  var verbose = false

  func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let diagnostics = Diagnostics(tool: Self.tool, level: quiet ? .quiet : verbose ? .verbose : .normal)
    var settings = Configuration()
    if let config { try ConfigurationFile(path: config).apply(to: &settings) }
    for (name, value) in given {
      let setting = Setting.all.first { $0.name == name }
      do throws(Setting.Fault) {
        try setting?.set(&settings, value)
      } catch {
        throw ValidationError("--\(name)\(value.string.map { " '\($0)'" } ?? ""): give \(error.wanted)")
      }
    }
    settings.hasEcho = ProcessEnvironment.value("WFANOUT_TEST_ECHO") == "1"
    try settings.check()
    return try Run(configuration: settings, diagnostics: diagnostics, shutdown: shutdown).run()
  }

  /// The flags that were given, by name.
  private var given: [(name: String, value: YAMLNode)] {
    let options: [(String, String?)] = [
      ("admin", admin), ("tls-cert", tlsCert), ("tls-key", tlsKey), ("auth-tokens", authTokens),
      ("auth-url", authURL), ("upstream", upstream),
      ("share", share), ("replay", replay), ("speed", speed), ("ring", ring),
      ("queue", queue), ("overflow", overflow), ("coalesce-ms", coalesceMs), ("heartbeat", heartbeat),
      ("stall", stall), ("drain", drain), ("max-clients", maxClients), ("loops", loops),
      ("no-auth", noAuth ? "true" : nil), ("snapshot", snapshot ? "true" : nil),
    ]
    let scalars = options.compactMap { name, text in text.map { (name, YAMLNode.scalar($0, isPlain: true)) } }
    let lists = [("listen", listen), ("cors", cors), ("host", host)].filter { !$1.isEmpty }
    return scalars + lists.map { ($0, .sequence($1.map { .scalar($0, isPlain: true) })) }
  }
}
