// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Encoding
import Lines
import NatswatchCore
import Process

struct TailCommand: ToolCommand {
  static var tool: String { "natswatch" }

  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "tail",
      abstract: "Print the messages of a stream as watch events, without loss or repetition.",
      usage: "natswatch tail [<options>] <subject> ...",
      discussion: """
        EXAMPLES:
          natswatch 'orders.>'
          natswatch 'orders.>' --all --until-now
          natswatch 'orders.*.created' --since 10m --raw
          natswatch 'orders.>' --state /var/lib/orders --until-now | import-orders
        """)
  }

  @Argument(
    help: ArgumentHelp("Subjects, with * for one token and > for all that follow.", valueName: "subject"))
  var subjects: [String] = []

  @OptionGroup(title: "What to read") var selection: Selection
  @OptionGroup(title: "Where to start") var beginning: Beginning
  @OptionGroup(title: "When to end") var ending: Ending
  @OptionGroup(title: "What to print") var format: Format
  @OptionGroup(title: "Monitoring") var monitoring: MonitoringOptions
  @OptionGroup(title: "Log") var log: LogOptions
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  struct Selection: ParsableArguments {
    @Option(help: ArgumentHelp("Stream (default: the one that has the subjects).", valueName: "name"))
    var stream: String?

    @Option(
      help: ArgumentHelp(
        "Subject with placeholders, such as orders.{region}.{kind}.>, filled by --set.", valueName: "template"
      ))
    var subjectTemplate: String?

    @Option(
      help: ArgumentHelp(
        "Value of a placeholder; a placeholder without one matches any token.", valueName: "name=value"))
    var set: [String] = []

    @Flag(help: "Read headers only; the object of each event is empty.")
    var headersOnly = false

    @Flag(help: "Also treat messages that were removed from the middle of the stream as lost.")
    var strict = false

    @Option(
      help: ArgumentHelp(
        "After a loss (410): exit with status 75, or continue with the oldest message.", valueName: "policy"))
    var onGone = TailSettings.OnGone.exit
  }

  struct Beginning: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Start after this stream sequence. 0 means new messages only.", valueName: "sequence"))
    var sinceSeq: UInt64?

    @Option(
      help: ArgumentHelp("Start this long ago (10m), or at this RFC 3339 time.", valueName: "time"))
    var since: String?

    @Flag(help: "Start with the oldest message.")
    var all = false

    @Flag(help: "Start with the last message.")
    var last = false

    @Flag(help: "Start with the last message of each subject.")
    var lastPerSubject = false

    @Option(
      help: ArgumentHelp("Continue from the position in this file, and store it there.", valueName: "file"),
      completion: .file())
    var state: String?
  }

  struct Ending: ParsableArguments {
    @Flag(help: "Exit when everything that is in the stream now has been printed.")
    var untilNow = false

    @Option(help: ArgumentHelp("Exit after this stream sequence.", valueName: "sequence"))
    var untilSeq: UInt64?

    @Option(
      help: ArgumentHelp(
        "Exit after the last message before this RFC 3339 time, or before this long ago (10m).",
        valueName: "time"))
    var until: String?

    @Option(help: ArgumentHelp("Exit after this many messages.", valueName: "n"))
    var count: UInt64?

    @Option(help: .timeout) var timeout: DurationArgument?
  }

  struct Format: ParsableArguments {
    @Flag(help: "Print payloads only, one per line.")
    var raw = false

    @Flag(help: "Do not write the sequence into metadata.resourceVersion.")
    var verbatim = false

    @Option(
      name: [.customLong("on-error"), .customLong("invalid")],
      help: ArgumentHelp(
        "What to do with payloads that are not JSON.", valueName: "policy"))
    var invalid = EventEncoder.InvalidPolicy.wrap

    @Flag(help: "Print a BOOKMARK when the position moves without a message.")
    var bookmarks = false
  }

  func validate() throws {
    let from = beginning
    let starts = [from.sinceSeq != nil, from.since != nil, from.all, from.last, from.lastPerSubject]
    guard starts.filter(\.self).count <= 1 else {
      throw ValidationError("choose one of --since-seq, --since, --all, --last and --last-per-subject")
    }
    let forms = [format.raw, format.verbatim, selection.headersOnly].filter(\.self).count
    guard forms <= 1 else { throw ValidationError("choose one of --raw, --verbatim and --headers-only") }
    guard ending.count != 0 else { throw ValidationError("--count must be at least 1") }
    // "natswatch tail get" always reads the subject get.
    if CommandLine.arguments.dropFirst().first != "tail",
      let problem = NatswatchCommand.commandOfNATS(subjects)
    {
      throw ValidationError(problem)
    }
    _ = try settings()
  }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let session = try connection.session(shutdown, log.level, monitoring.status)
    let server = try monitoring.serve(session)
    let output = OutputWriter(shutdown: shutdown, pipeSize: 1 << 20)
    shutdown.interruptWrites()
    var loop = try TailLoop(try settings(), session: session, output: output, countsSubjects: server != nil)
    return try withExtendedLifetime(server) {
      try session.run(timeLimit: ending.timeout?.duration) { try loop.run() }
    }
  }

  private func settings() throws -> TailSettings {
    var patterns = try subjects.map { text in
      if let problem = NatswatchCommand.problem(ofSubject: text) { throw ValidationError(problem) }
      guard let pattern = SubjectPattern(text) else {
        throw ValidationError(
          "\"\(text)\" is not a NATS subject: tokens between dots, without spaces, > only at the end")
      }
      return pattern
    }
    if let pattern = try templatePattern() { patterns.append(pattern) }
    guard !patterns.isEmpty else { throw ValidationError("a subject is missing, such as 'orders.>'") }
    var settings = TailSettings(subjects: patterns)
    if let stream = selection.stream, !SubjectPattern.isName(stream) {
      throw ValidationError("--stream \(stream): a stream's name has no dots, slashes, spaces or wildcards")
    }
    settings.stream = selection.stream
    settings.start = try start()
    settings.isStrict = selection.strict
    settings.onGone = selection.onGone
    settings.headersOnly = selection.headersOnly
    settings.form =
      format.raw ? .raw : format.verbatim ? .verbatim : selection.headersOnly ? .headersOnly : .event
    settings.invalid = format.invalid
    settings.writesBookmarks = format.bookmarks
    settings.untilNow = ending.untilNow
    settings.untilSequence = ending.untilSeq
    settings.untilTime = try ending.until.map { try Self.time($0, "--until") }
    settings.count = ending.count
    settings.stateFile = beginning.state.map { StateFile(path: $0) }
    return settings
  }

  private func templatePattern() throws -> SubjectPattern? {
    guard let template = selection.subjectTemplate else {
      guard selection.set.isEmpty else { throw ValidationError("--set needs --subject-template") }
      return nil
    }
    var values: [String: String] = [:]
    for pair in selection.set {
      guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
        throw ValidationError("--set \(pair): expected name=value")
      }
      values[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
    }
    do throws(SubjectTemplate.SyntaxError) {
      return try SubjectTemplate(template, allowsWildcards: true).pattern(with: values)
    } catch {
      throw ValidationError(error.description)
    }
  }

  private func start() throws -> OrderedConsumer.Start {
    if beginning.all { return .all }
    if beginning.last { return .last }
    if beginning.lastPerSubject { return .lastPerSubject }
    if let sequence = beginning.sinceSeq { return sequence == 0 ? .newOnly : .after(sequence) }
    guard let since = beginning.since else { return .newOnly }
    return .since(try Self.time(since, "--since"))
  }

  /// A time in nanoseconds since 1970, from how long ago it was, or in RFC 3339.
  private static func time(_ text: String, _ flag: String) throws -> Int64 {
    if let ago = DurationText.parse(text) { return Timestamp.now.nanoseconds - ago.nanoseconds }
    guard let time = RFC3339.nanoseconds(text) else {
      throw ValidationError(
        "\(flag) \(text): expected a duration such as 10m, or a time such as 2026-11-21T08:00:00Z")
    }
    return time
  }
}

extension EventEncoder.InvalidPolicy: ExpressibleByArgument {}
extension TailSettings.OnGone: ExpressibleByArgument {}
