// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Encoding
import Events
import FoundationEssentials
import Lines
import NatswatchCore
import Process

struct TailCommand: ToolCommand {
  static var tool: String { "natswatch" }

  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "tail",
      abstract: "Write the messages of subjects as watch events, without loss or repetition.")
  }

  @Argument(help: ArgumentHelp("The subjects, with * and > as wildcards.", valueName: "subject"))
  var subjects: [String] = []

  @Option(help: ArgumentHelp("The stream; found by the subject where not given.", valueName: "name"))
  var stream: String?

  @Option(
    help: ArgumentHelp(
      "A subject with places, such as orders.{region}.{kind}.>; filled by --set.", valueName: "template"))
  var subjectTemplate: String?

  @Option(
    help: ArgumentHelp("Fill a place of the template; the others take anything.", valueName: "name=value"))
  var set: [String] = []

  @Option(help: ArgumentHelp("Start behind this sequence; 0 is new messages only.", valueName: "sequence"))
  var sinceSeq: UInt64?

  @Option(help: ArgumentHelp("Start so long ago (10m), or at this RFC 3339 time.", valueName: "time"))
  var since: String?

  @Flag(help: "Start with the oldest message.")
  var all = false

  @Flag(help: "Start with the last message.")
  var last = false

  @Flag(help: "Start with the last message of each subject.")
  var lastPerSubject = false

  @Flag(help: "Write payloads alone, one a line.")
  var raw = false

  @Flag(help: "Leave payloads as they are: no resourceVersion is written into them.")
  var verbatim = false

  @Option(help: "What to do with payloads that are not JSON: wrap (base 64), skip or fail.")
  var invalid = EventEncoder.InvalidPolicy.wrap

  @Flag(help: "Write a BOOKMARK when the position moves without a message.")
  var bookmarks = false

  @Flag(help: "Messages removed from the middle of the stream are a loss, too.")
  var strict = false

  @Option(help: "What to do when continuity is lost (410): exit or continue.")
  var onGone = TailSettings.OnGone.exit

  @Option(
    help: ArgumentHelp("Keep the position here, and go on from it.", valueName: "file"), completion: .file())
  var state: String?

  @Flag(help: "End when all that is there now has been written.")
  var untilNow = false

  @Option(help: ArgumentHelp("End after so many messages.", valueName: "n"))
  var count: UInt64?

  @Option(help: ArgumentHelp("End with status 124 after so long.", valueName: "duration"))
  var timeout: DurationArgument?

  @Option(help: ArgumentHelp("Where STATUS lines go: inline, stderr, fd:N or a file.", valueName: "where"))
  var status: String?

  @OptionGroup(title: "Connection") var connection: ConnectionFlags

  func validate() throws {
    let starts = [sinceSeq != nil, since != nil, all, last, lastPerSubject].filter(\.self).count
    guard starts <= 1 else { throw ValidationError("choose one place to start from") }
    guard !(raw && verbatim) else { throw ValidationError("--raw and --verbatim contradict each other") }
    guard count != 0 else { throw ValidationError("--count 0 asks for nothing") }
    _ = try settings()
  }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let session = try connection.session(shutdown)
    let server = try connection.serveMetrics(session.registry)
    let output = OutputWriter(shutdown: shutdown)
    shutdown.interruptWrites()
    var loop = try TailLoop(try settings(), session: session, output: output, countsSubjects: server != nil)
    return try withExtendedLifetime(server) { try loop.run() }
  }

  private func settings() throws -> TailSettings {
    var patterns = try subjects.map { text in
      guard let pattern = SubjectPattern(text) else {
        throw ValidationError("\"\(text)\" is no NATS subject")
      }
      return pattern
    }
    if let pattern = try templatePattern() { patterns.append(pattern) }
    guard !patterns.isEmpty else { throw ValidationError("a subject is missing, such as 'orders.>'") }
    var settings = TailSettings(subjects: patterns)
    settings.stream = stream
    settings.start = try start()
    settings.isStrict = strict
    settings.onGone = onGone
    settings.form = raw ? .raw : verbatim ? .verbatim : .event
    settings.invalid = invalid
    settings.writesBookmarks = bookmarks
    settings.untilNow = untilNow
    settings.count = count
    settings.timeLimit = timeout?.duration
    settings.stateFile = state.map { StateFile(path: $0) }
    if let status {
      guard let destination = StatusSink.Destination(flag: status) else {
        throw ValidationError("--status \(status): say inline, stderr, fd:N or a file")
      }
      settings.status = destination
    }
    return settings
  }

  private func templatePattern() throws -> SubjectPattern? {
    guard let subjectTemplate else {
      guard set.isEmpty else { throw ValidationError("--set needs --subject-template") }
      return nil
    }
    var values: [String: String] = [:]
    for pair in set {
      guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
        throw ValidationError("--set \(pair): say name=value")
      }
      values[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
    }
    do throws(SubjectTemplate.Failure) {
      return try SubjectTemplate(subjectTemplate, allowsWildcards: true).pattern(with: values)
    } catch {
      throw ValidationError(error.description)
    }
  }

  private func start() throws -> OrderedConsumer.Start {
    if all { return .all }
    if last { return .last }
    if lastPerSubject { return .lastPerSubject }
    if let sinceSeq { return sinceSeq == 0 ? .newOnly : .after(sinceSeq) }
    guard let since else { return .newOnly }
    if let ago = DurationText.parse(since) {
      return .since(Timestamp.now.nanoseconds - ago.nanoseconds)
    }
    guard let time = RFC3339.nanoseconds(since) else {
      throw ValidationError(
        "--since \(since): say a duration such as 10m, or a time such as 2026-11-21T08:00:00Z")
    }
    return .since(time)
  }
}

extension EventEncoder.InvalidPolicy: ExpressibleByArgument {}
extension TailSettings.OnGone: ExpressibleByArgument {}
