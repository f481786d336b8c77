// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Events
import Filter
import Glibc
import Process
import WfilterCore

@main struct WfilterCommand: ToolCommand {
  static var tool: String { "wfilter" }

  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: tool,
      abstract: "Keep the lines of a change stream that match a CEL expression or a selector.",
      usage: "wfilter [<options>] [<expression>] [<file> ...]",
      discussion: """
        An expression names the keys of an event's object, or of any other line:
          wfilter 'status.phase != "Running" && metadata.namespace == "prod"' pods.ndjson
          kwatch pods | wfilter -l app=web --emit metadata.name 'has(status.podIP)'
        wfilter(1) tells the rest.
        """,
      version: "\(tool) \(Version.string)")
  }

  @Argument(
    help: ArgumentHelp("The CEL expression (not with -f), then files; - is stdin.", valueName: "operand"))
  var operands: [String] = []

  @Option(
    name: [.customShort("f"), .customLong("file")],
    help: ArgumentHelp("Read the expression from a file.", valueName: "file"), completion: .file())
  var file: String?

  @Option(help: ArgumentHelp("A field selector, as kubectl's.", valueName: "selector"))
  var fieldSelector: String?

  @Option(
    name: [.customShort("l"), .customLong("selector")],
    help: ArgumentHelp("A label selector, as kubectl's.", valueName: "selector"))
  var selector: String?

  @Option(help: ArgumentHelp("Event types, such as ADDED,MODIFIED.", valueName: "types"))
  var type: String?

  @Flag(name: [.customShort("v"), .customLong("invert-match")], help: "Select the lines that do not match.")
  var invertMatch = false

  @Flag(name: .shortAndLong, help: "Print only how many lines match.")
  var count = false

  @Option(
    name: [.customShort("m", allowingJoined: true), .customLong("max-count")],
    help: ArgumentHelp("End after so many matching lines.", valueName: "n"))
  var maxCount: UInt64?

  @Flag(name: .shortAndLong, help: "Print nothing, not even warnings; end with the first match.")
  var quiet = false

  @Flag(name: [.customShort("e"), .customLong("exit-status")], help: "End with 1 when nothing matched.")
  var exitStatus = false

  @Flag(help: "Check every scalar of every line.")
  var strict = false

  @Option(help: ArgumentHelp("Print this value for each line, as JSON, instead of it.", valueName: "cel"))
  var emit: String?

  @Option(help: ArgumentHelp("End with 1 at a line for which this holds.", valueName: "cel"))
  var failIf: String?

  @Option(help: ArgumentHelp("End with 124 after so long.", valueName: "duration"))
  var timeout: DurationArgument?

  @Option(help: "What to do with a line that cannot be evaluated: drop, keep or fail.")
  var onError = Settings.OnError.drop

  @Option(
    help:
      "What to do with BOOKMARK, ERROR and STATUS lines: pass, match or drop. (default: pass; drop with --emit)"
  )
  var control: Settings.Control?

  @Flag(help: "Tell at the end how many lines were what.")
  var stats = false

  @Flag(help: "Tell which clause dropped a line.")
  var explain = false

  @Option(
    name: [.customShort("j", allowingJoined: true), .customLong("jobs")],
    help: ArgumentHelp("Cores to use; all by default.", valueName: "n"))
  var jobs: Int?

  @Option(help: ArgumentHelp("What evaluating a line may cost.", valueName: "n"))
  var costLimit: Int?

  @Flag(help: "Make the output a watch of the matching objects: what is changed out leaves as DELETED.")
  var track = false

  @Option(help: ArgumentHelp("What tells objects apart; the uid, else namespace and name.", valueName: "cel"))
  var key: String?

  @Option(help: ArgumentHelp("Drop lines whose value here has been seen within --window.", valueName: "cel"))
  var dedupe: String?

  @Option(help: ArgumentHelp("How long --dedupe remembers.", valueName: "duration"))
  var window = DurationArgument(.seconds(120))

  @Option(
    help: ArgumentHelp(
      "At most one line of a key in so long; the last one is never lost.", valueName: "duration"))
  var throttle: DurationArgument?

  @Option(
    help: ArgumentHelp(
      "Only the last of a key's lines, once it has been quiet so long.", valueName: "duration"))
  var debounce: DurationArgument?

  @Option(help: ArgumentHelp("With --debounce: hold no line longer than this.", valueName: "duration"))
  var maxWait: DurationArgument?

  @Option(help: ArgumentHelp("A STATUS line when a key has been silent so long.", valueName: "duration"))
  var absent: DurationArgument?

  @Option(help: ArgumentHelp("Replace what is at this path; keys with dots, * for all.", valueName: "path"))
  var redact: [String] = []

  @Option(help: ArgumentHelp("How many keys are remembered.", valueName: "n"))
  var keysLimit = 100_000

  @Option(help: ArgumentHelp("Where STATUS lines go: inline, stderr, fd:N or a file.", valueName: "where"))
  var status: String?

  @Option(help: ArgumentHelp("Serve counts to Prometheus here.", valueName: "address"))
  var metrics: String?

  @Flag(help: "Say more on stderr.")
  var verbose = false

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let level: Diagnostics.Level = quiet ? .quiet : verbose ? .verbose : .normal
    let diagnostics = Diagnostics(tool: Self.tool, level: level)
    // A path such as `pods.ndjson` is an expression too: without this, wfilter would wait for stdin and match nothing.
    if file == nil, let expression = operands.first, unsafe access(expression, F_OK) == 0 {
      diagnostics.warning(
        "'\(expression)' is the name of a file, but taken for the expression, which comes first: wfilter true \(expression)"
      )
    }
    for name in types where EventType(rawValue: name) == nil {
      let known = EventType.allCases.map(\.rawValue)
      diagnostics.warning("--type \(name): no such type is known; there are \(known.joined(separator: ", "))")
    }
    return try FilterRun.run(try settings(), diagnostics: diagnostics, shutdown: shutdown)
  }

  private var types: [String] { type?.split(separator: ",").map(String.init) ?? [] }

  private func settings() throws -> Settings {
    var settings = Settings()
    var operands = operands
    if let file {
      settings.filter.expression = try ExpressionFile.read(file)
    } else if !operands.isEmpty {
      settings.filter.expression = operands.removeFirst()
    }
    settings.filter.fieldSelector = fieldSelector
    settings.filter.labelSelector = selector
    settings.filter.types = types
    settings.filter.costLimit = costLimit
    settings.files = operands
    settings.isInverted = invertMatch
    settings.countsOnly = count
    settings.limit = maxCount
    settings.isQuiet = quiet
    settings.wantsMatch = exitStatus
    settings.isStrict = strict
    settings.emit = emit
    settings.failIf = failIf
    settings.timeLimit = timeout?.duration
    settings.onError = onError
    settings.control = control ?? (emit == nil ? .pass : .drop)
    settings.showsStatistics = stats
    settings.explains = explain
    if let jobs {
      guard jobs > 0 else { throw ValidationError("-j \(jobs): at least 1") }
      settings.jobs = jobs
    }
    settings.metricsAddress = metrics
    settings.stateful = try stateful()
    if let status {
      guard let destination = StatusSink.Destination(flag: status) else {
        throw ValidationError("--status \(status): say inline, stderr, fd:N or a file")
      }
      settings.status = destination
    }
    return settings
  }

  private func stateful() throws -> StatefulSettings {
    guard throttle == nil || debounce == nil else {
      throw ValidationError("choose one of --throttle and --debounce")
    }
    guard maxWait == nil || debounce != nil else { throw ValidationError("--max-wait needs --debounce") }
    guard keysLimit > 0 else { throw ValidationError("--keys-limit \(keysLimit): at least 1") }
    var stateful = StatefulSettings()
    stateful.key = key
    stateful.tracks = track
    stateful.dedupe = dedupe
    stateful.window = window.duration
    stateful.throttle = throttle?.duration
    stateful.debounce = debounce?.duration
    stateful.maximumWait = maxWait?.duration
    stateful.absent = absent?.duration
    stateful.redactions = redact
    stateful.keyLimit = keysLimit
    return stateful
  }
}

extension Settings.OnError: ExpressibleByArgument {}
extension Settings.Control: ExpressibleByArgument {}
