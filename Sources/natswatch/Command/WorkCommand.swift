// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Events
import Filter
import Glibc
import NatswatchCore
import Process

struct WorkCommand: ToolCommand {
  static var tool: String { "natswatch" }

  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "work", abstract: "Run a command for each message, at least once, with retries.",
      usage: "natswatch work <subject> ... --durable <name> [<options>] -- <command> [<argument> ...]",
      discussion: """
        Examples:
          natswatch work orders.new --durable billing -- ./bill
          natswatch work 'session.*.k8s' --durable k8s -j 4 -- ./handle {token:2}

        The command reads the message from standard input. Exit status 0 acknowledges it, 65 gives it up, and any \
        other lets it be tried again.
        """)
  }

  @Argument(
    help: ArgumentHelp(
      "The subjects; after -- the handler, in whose arguments {subject} and {token:N} are filled in.",
      valueName: "subject"))
  var operands: [String] = []

  @Option(help: ArgumentHelp("The durable consumer that all workers share.", valueName: "name"))
  var durable: String

  @Option(help: ArgumentHelp("The stream (default: found by the subject).", valueName: "name"))
  var stream: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Number of handlers that run at once.", valueName: "n"))
  var jobs = 1

  @Flag(
    help: """
      Start the handler once per job and give it a message per line; it answers ok, retry or drop, a line each.
      """)
  var lines = false

  @Option(
    help: ArgumentHelp(
      "Handle only messages that match; acknowledge the others. Names in scope are those of wfilter.",
      valueName: "cel"))
  var filter: String?

  @Option(
    help: ArgumentHelp(
      "Time after which the server gives the message of a silent worker to another (default: 30s).",
      valueName: "duration"))
  var ackWait: DurationArgument?

  @Option(help: ArgumentHelp("Delay after the first failure; it doubles with each.", valueName: "duration"))
  var retryInitial = DurationArgument(.seconds(1))

  @Option(help: ArgumentHelp("Longest delay after a failure.", valueName: "duration"))
  var retryMax = DurationArgument(.seconds(300))

  @Option(help: ArgumentHelp("Number of tries after the first.", valueName: "n"))
  var retries: UInt64 = 10

  @Option(
    help: ArgumentHelp(
      "Subject for messages whose tries are used up; 'none' drops them.", valueName: "subject"))
  var dlq = "dlq.{subject}"

  @Option(help: ArgumentHelp("Stop pulling for a while after this many failures in a row.", valueName: "n"))
  var breaker: Int?

  @Option(help: ArgumentHelp("Length of that pause.", valueName: "duration"))
  var breakerPause = DurationArgument(.seconds(30))

  @Option(
    help: ArgumentHelp("Publish each line of the handler's stdout to this subject.", valueName: "subject"))
  var reply: String?

  @Option(help: ArgumentHelp("Kill a handler that takes longer; that is a failure.", valueName: "duration"))
  var handlerTimeout: DurationArgument?

  @Option(
    help: ArgumentHelp("Publish a heartbeat to this subject every HEARTBEAT_INTERVAL.", valueName: "subject"))
  var heartbeat: String?

  @Option(
    help: ArgumentHelp(
      "Append a JSON line to this file for each change of a message's state.", valueName: "file"),
    completion: .file())
  var journal: String?

  @Option(help: ArgumentHelp("Handle messages with the same value of this field once.", valueName: "field"))
  var dedupe: String?

  @Option(help: ArgumentHelp("How long handled values are remembered.", valueName: "duration"))
  var dedupeWindow = DurationArgument(.seconds(120))

  @Option(
    help: ArgumentHelp(
      "How long running handlers may take to finish when the run ends.", valueName: "duration"))
  var drainTimeout = DurationArgument(.seconds(60))

  @Flag(help: "Print the messages that would be handled, and change nothing.")
  var dryRun = false

  @Flag(help: "Exit when no work is left.")
  var untilNow = false

  @Option(help: ArgumentHelp("Exit with status 124 after this time.", valueName: "duration"))
  var timeout: DurationArgument?

  @OptionGroup(title: "Connection") var connection: ConnectionFlags

  func validate() throws { _ = try settings() }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let session = try connection.session(shutdown)
    let server = try connection.serveMetrics(session)
    let loop = WorkLoop(
      settings: try settings(), session: session, untilNow: untilNow, metricsPrefix: connection.metricsPrefix)
    return try withExtendedLifetime(server) {
      try session.run(timeLimit: timeout?.duration) { try loop.run() }
    }
  }

  /// ArgumentParser has no second list of operands: what follows the first `--` is the handler.
  private var handlerCount: Int {
    let arguments = CommandLine.arguments
    guard let terminator = arguments.firstIndex(of: "--") else { return 0 }
    return min(arguments.count - terminator - 1, operands.count)
  }

  private func settings() throws -> WorkSettings {
    let subjects = operands.dropLast(handlerCount)
    let command = Array(operands.suffix(handlerCount))
    guard !subjects.isEmpty else { throw ValidationError("a subject is missing, such as 'orders.>'") }
    let patterns = try subjects.map { text in
      guard let pattern = SubjectPattern(text) else {
        throw ValidationError("\"\(text)\" is not a NATS subject")
      }
      return pattern
    }
    guard dryRun || !command.isEmpty else {
      throw ValidationError("a command is missing: natswatch work … -- COMMAND")
    }
    if let name = command.first, CommandSearch.path(of: name) == nil {
      throw ValidationError("the command '\(name)' is not found, or is not executable")
    }
    guard SubjectPattern.isName(durable) else {
      throw ValidationError(
        "--durable \(durable): a consumer's name has no dots, slashes, spaces or wildcards")
    }
    if let stream, !SubjectPattern.isName(stream) {
      throw ValidationError(
        "--stream \(stream): a stream's name has no dots, slashes, spaces or wildcards")
    }
    guard jobs > 0 else { throw ValidationError("--jobs must be at least 1") }
    guard (breaker ?? 1) > 0 else { throw ValidationError("--breaker must be at least 1") }
    var settings = WorkSettings(subjects: patterns, durable: durable, command: command)
    settings.stream = stream
    settings.jobs = jobs
    settings.ackWait = ackWait?.duration
    settings.schedule = RetrySchedule(
      initial: retryInitial.duration, maximum: retryMax.duration, retries: retries)
    settings.deadLetters = dlq == "none" ? nil : dlq
    try Self.check(overlapping: settings.filters)
    settings.handsOverLines = lines
    settings.filter = try filter.map { expression in
      do throws(FilterError) {
        return try LineFilter(FilterOptions(expression: expression))
      } catch {
        throw ValidationError("--filter: \(error)")
      }
    }
    settings.breaker = breaker
    settings.breakerPause = breakerPause.duration
    settings.reply = reply
    settings.handlerTimeout = handlerTimeout?.duration
    settings.journal = journal
    settings.deduplicateBy = try dedupe.map { text in
      let path: PathPattern
      do throws(PathPattern.SyntaxError) {
        path = try PathPattern(text, allowsDashes: true)
      } catch {
        throw ValidationError("--dedupe \(error)")
      }
      guard path.isSingle else {
        throw ValidationError("--dedupe '\(text)': '*' leads to more than one value")
      }
      return path
    }
    settings.deduplicateFor = dedupeWindow.duration
    settings.drainTimeout = drainTimeout.duration
    settings.isDryRun = dryRun
    settings.controller = Self.variable("CONTROLLER_ID") ?? "natswatch-\(getpid())"
    settings.platform = Self.variable("CONTROLLER_PLATFORM") ?? ""
    if let heartbeat {
      let text = Self.variable("HEARTBEAT_INTERVAL") ?? "30s"
      guard let interval = DurationText.parse(text), interval > .zero else {
        throw ValidationError("HEARTBEAT_INTERVAL is \"\(text)\": write a duration such as 30s")
      }
      var beats = WorkSettings.HeartbeatSettings(subject: heartbeat, interval: interval)
      beats.capabilities =
        Self.variable("CONTROLLER_CAPABILITIES")?.split(separator: ",").map { String($0).trimmed } ?? []
      if let info = Self.variable("CONTROLLER_CLUSTER_INFO") {
        guard PayloadScanner.isObject(info) else {
          throw ValidationError("CONTROLLER_CLUSTER_INFO is not a JSON object: \(info)")
        }
        beats.clusterInfo = info
      }
      settings.heartbeat = beats
    }
    do throws(NATSError) { try settings.checkOutlets() } catch {
      throw ValidationError(error.description)
    }
    return settings
  }

  /// A server takes no filters that overlap; those that one of the others covers are merged before.
  private static func check(overlapping filters: [SubjectPattern]) throws {
    for (index, filter) in filters.enumerated() {
      if let other = filters[..<index].first(where: { $0.overlaps(filter) }) {
        throw ValidationError(
          "\(other) and \(filter) overlap, and neither covers the other: use one subject for both")
      }
    }
  }

  private static func variable(_ name: String) -> String? {
    ProcessEnvironment.value(name).flatMap { $0.isEmpty ? nil : $0 }
  }
}
