// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Command
internal import Process
import WfanoutCore
internal import YAML

/// Values stay text here: ``Setting`` reads them, whether they come from a flag or from the file of
/// `--config`.
@main struct WfanoutCommand: ToolCommand {
  static let tool = "wfanout"
  static let followsReader = false
  static let configuration = CommandConfiguration(
    commandName: tool,
    abstract: "Serve one stream of events to any number of clients.",
    usage: "wfanout [<options>]",
    discussion: """
      Reads NDJSON from standard input and serves it over HTTP: server-sent events and NDJSON (/events), \
      WebSocket (/ws), Kubernetes watches (/api, /apis), snapshots (/snapshot), and a live page (/).

      EXAMPLES:
        Show the pods that are not running as a live page at http://localhost:8080/:
          kwatch pods -A | wfilter 'status.phase != "Running"' | wfanout
        Serve a JetStream stream to clients that have a token:
          natswatch 'activities.>' |
            wfanout --listen 0.0.0.0:8080 --auth-tokens tokens --snapshot
        Start one kwatch for all clients that watch the same resource:
          wfanout --upstream 'kwatch {resourceType} [-n {namespace}|-A]'
        Read the stream in a terminal, and continue after an event:
          curl -N localhost:8080/events -H 'Last-Event-ID: 1700000000000000000-41'
      """,
    version: "\(tool) \(Version.string)")

  @OptionGroup(title: "Addresses") var addresses: AddressOptions
  @OptionGroup(title: "Source") var source: SourceOptions
  @OptionGroup(title: "Clients") var clients: ClientOptions
  @OptionGroup(title: "Delivery") var delivery: DeliveryOptions

  @OptionGroup(title: "Run") var run: RunOptions
  @OptionGroup(title: "Log") var log: LogOptions

  @Argument(help: .hidden) var operands: [String] = []
  @Option(help: .hidden) var port: String?

  func validate() throws {
    if let port { throw ValidationError("there is no --port: use --listen :\(port)") }
    if let operand = operands.first {
      throw ValidationError("'\(operand)': \(Self.advice(onOperands: operands, upstream: source.upstream))")
    }
  }

  func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let diagnostics = Diagnostics(tool: Self.tool, level: log.level)
    var settings = Configuration()
    if let config = run.config { try ConfigurationFile(path: config).apply(to: &settings, diagnostics) }
    for (name, value) in given {
      let setting = Setting.all.first { $0.name == name }
      do throws(Setting.ValueError) {
        try setting?.set(&settings, value)
        settings.places[name] = .flag
      } catch {
        let text = (error.text ?? value.string).map { " '\($0)'" } ?? ""
        throw ValidationError("--\(name)\(text): give \(error.wanted)")
      }
    }
    settings.hasEcho = ProcessEnvironment.value("WFANOUT_TEST_ECHO") == "1"
    try settings.check()
    return try Run(configuration: settings, diagnostics: diagnostics, shutdown: shutdown).run()
  }

  /// The flags that were given, by name.
  private var given: [(name: String, value: YAMLNode)] {
    let texts =
      addresses.texts + source.texts + clients.texts + delivery.texts
      + run.texts
    let lists = (addresses.lists + clients.lists).filter { !$1.isEmpty }
    return texts.compactMap { name, text in text.map { (name, .scalar($0, isPlain: true)) } }
      + lists.map { ($0, .sequence($1.map { .scalar($0, isPlain: true) })) }
  }
}
