// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Glibc
import NatswatchCore
import Process

struct WorkCommand: ToolCommand {
  static var tool: String { "natswatch" }

  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "work", abstract: "Have each message handled by a command, at least once, with retries.",
      usage: "natswatch work <subject> ... --durable <name> [<options>] -- <command> [<argument> ...]")
  }

  @Argument(
    help: ArgumentHelp(
      "The subjects; behind -- the handler, in whose arguments {subject} and {token:N} are filled in.",
      valueName: "subject"))
  var operands: [String] = []

  @Option(help: ArgumentHelp("The consumer that all processes of one kind share.", valueName: "name"))
  var durable: String

  @Option(help: ArgumentHelp("The stream; found by the subject where not given.", valueName: "name"))
  var stream: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Handlers at once.", valueName: "n"))
  var jobs = 1

  @Option(
    help: ArgumentHelp("When the server gives a silent worker's message to another.", valueName: "duration"))
  var ackWait = DurationArgument(.seconds(30))

  @Option(help: ArgumentHelp("The wait after the first failure; it doubles.", valueName: "duration"))
  var retryInitial = DurationArgument(.seconds(1))

  @Option(help: ArgumentHelp("The longest wait after a failure.", valueName: "duration"))
  var retryMax = DurationArgument(.seconds(300))

  @Option(help: ArgumentHelp("Tries after the first.", valueName: "n"))
  var retries: UInt64 = 10

  @Option(
    help: ArgumentHelp(
      "Where messages go whose tries are spent, or 'none' to drop them.", valueName: "subject"))
  var dlq = "dlq.{subject}"

  @Option(help: ArgumentHelp("Pause after so many failures in a row.", valueName: "n"))
  var breaker: Int?

  @Option(help: ArgumentHelp("How long that pause is.", valueName: "duration"))
  var breakerPause = DurationArgument(.seconds(30))

  @Option(help: ArgumentHelp("Publish the handler's lines here.", valueName: "subject"))
  var reply: String?

  @Option(help: ArgumentHelp("Kill a handler that takes longer.", valueName: "duration"))
  var handlerTimeout: DurationArgument?

  @Option(help: ArgumentHelp("Say here that we are there, every HEARTBEAT_INTERVAL.", valueName: "subject"))
  var heartbeat: String?

  @Option(
    help: ArgumentHelp("Append a line for each change of a message's state.", valueName: "file"),
    completion: .file())
  var journal: String?

  @Option(help: ArgumentHelp("Handle messages with the same value of this field once.", valueName: "field"))
  var dedupe: String?

  @Option(help: ArgumentHelp("For how long that is remembered.", valueName: "duration"))
  var dedupeWindow = DurationArgument(.seconds(120))

  @Option(help: ArgumentHelp("How long running handlers may take at the end.", valueName: "duration"))
  var drainTimeout = DurationArgument(.seconds(60))

  @Flag(help: "Write the messages as lines instead of handling them, and give them back.")
  var dryRun = false

  @Flag(help: "End when nothing is left to do.")
  var untilNow = false

  @Option(help: ArgumentHelp("End with status 124 after so long.", valueName: "duration"))
  var timeout: DurationArgument?

  @OptionGroup(title: "Connection") var connection: ConnectionFlags

  func validate() throws { _ = try settings() }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let session = try connection.session(shutdown)
    let server = try connection.serveMetrics(session.registry)
    let loop = WorkLoop(
      settings: try settings(), session: session, untilNow: untilNow, timeLimit: timeout?.duration,
      metricsPrefix: connection.metricsPrefix)
    return try withExtendedLifetime(server) { try loop.run() }
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
        throw ValidationError("\"\(text)\" is no NATS subject")
      }
      return pattern
    }
    guard dryRun || !command.isEmpty else {
      throw ValidationError("a command is missing: natswatch work … -- COMMAND")
    }
    guard SubjectPattern(durable)?.tokens.count == 1 else {
      throw ValidationError("--durable \(durable): a consumer's name has no dots, spaces or wildcards")
    }
    guard jobs > 0 else { throw ValidationError("--jobs must be at least 1") }
    guard (breaker ?? 1) > 0 else { throw ValidationError("--breaker must be at least 1") }
    var settings = WorkSettings(subjects: patterns, durable: durable, command: command)
    settings.stream = stream
    settings.jobs = jobs
    settings.ackWait = ackWait.duration
    settings.schedule = RetrySchedule(
      initial: retryInitial.duration, maximum: retryMax.duration, retries: retries)
    settings.deadLetters = dlq == "none" ? nil : dlq
    settings.breaker = breaker
    settings.breakerPause = breakerPause.duration
    settings.reply = reply
    settings.handlerTimeout = handlerTimeout?.duration
    settings.journal = journal
    settings.deduplicateBy = try dedupe.map { text in
      guard let path = FieldPath(text) else { throw ValidationError("--dedupe \(text): no field") }
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
        throw ValidationError("HEARTBEAT_INTERVAL is \"\(text)\": say a duration such as 30s")
      }
      var beats = WorkSettings.HeartbeatSettings(subject: heartbeat, interval: interval)
      beats.capabilities =
        Self.variable("CONTROLLER_CAPABILITIES")?.split(separator: ",").map { String($0).trimmed } ?? []
      if let info = Self.variable("CONTROLLER_CLUSTER_INFO") {
        guard PayloadScanner.isObject(info) else {
          throw ValidationError("CONTROLLER_CLUSTER_INFO is no JSON object: \(info)")
        }
        beats.clusterInfo = info
      }
      settings.heartbeat = beats
    }
    return settings
  }

  private static func variable(_ name: String) -> String? {
    ProcessEnvironment.value(name).flatMap { $0.isEmpty ? nil : $0 }
  }
}
