// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Events
import Filter
import Glibc
import NatswatchCore
import Process

extension WorkCommand {
  /// Which messages are handled, and until when.
  struct MessageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The durable consumer that all workers share.", valueName: "name"))
    var durable: String

    @Option(help: ArgumentHelp("The stream (default: the one that has the subjects).", valueName: "name"))
    var stream: String?

    @Option(
      help: ArgumentHelp(
        "Handle only messages that match; acknowledge the others. Names in scope are those of wfilter.",
        valueName: "cel"))
    var filter: String?

    @Option(
      help: ArgumentHelp("Handle messages with the same value of this field once.", valueName: "field"))
    var dedupe: String?

    @Option(help: ArgumentHelp("How long handled values are remembered.", valueName: "duration"))
    var dedupeWindow = DurationArgument(.seconds(120))

    @Flag(help: "Exit when no work is left.")
    var untilNow = false

    @Option(help: .timeout) var timeout: DurationArgument?

    @Flag(help: "Print the messages that would be handled, and change nothing.")
    var dryRun = false

    func consumerName() throws -> String {
      guard SubjectPattern.isName(durable) else {
        throw ValidationError(
          "--durable \(durable): a consumer's name has no dots, slashes, spaces or wildcards")
      }
      return durable
    }

    func apply(to settings: inout WorkSettings) throws {
      if let stream, !SubjectPattern.isName(stream) {
        throw ValidationError(
          "--stream \(stream): a stream's name has no dots, slashes, spaces or wildcards")
      }
      settings.stream = stream
      settings.filter = try filter.map { expression in
        do throws(FilterError) {
          return try LineFilter(FilterOptions(expression: expression))
        } catch {
          throw ValidationError("--filter: \(error)")
        }
      }
      settings.deduplicateBy = try dedupe.map(Self.field)
      settings.deduplicateFor = dedupeWindow.duration
      settings.isDryRun = dryRun
    }

    private static func field(_ text: String) throws -> PathPattern {
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
  }

  /// How the handler is run.
  struct HandlerOptions: ParsableArguments {
    @Option(
      name: [.customShort("j", allowingJoined: true), .long],
      help: ArgumentHelp("Number of handlers that run at once.", valueName: "n"))
    var jobs = 1

    @Flag(
      help: """
        Start one handler per job for all messages. It reads one message a line, and writes ok, retry or drop for each.
        """)
    var lines = false

    @Option(
      help: ArgumentHelp("Publish each line of the handler's stdout to this subject.", valueName: "subject"))
    var reply: String?

    @Option(
      help: ArgumentHelp("Kill a handler that takes longer. This counts as a failure.", valueName: "duration")
    )
    var handlerTimeout: DurationArgument?

    @Option(
      help: ArgumentHelp(
        "How long running handlers may take to finish when the run ends.", valueName: "duration"))
    var drainTimeout = DurationArgument(.seconds(60))

    func apply(to settings: inout WorkSettings) throws {
      guard jobs > 0 else { throw ValidationError("--jobs must be at least 1") }
      settings.jobs = jobs
      settings.handsOverLines = lines
      settings.reply = reply
      settings.handlerTimeout = handlerTimeout?.duration
      settings.drainTimeout = drainTimeout.duration
    }
  }

  /// What happens to a message whose handler fails.
  struct FailureOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Number of tries after the first.", valueName: "n"))
    var retries: UInt64 = 10

    @Option(help: ArgumentHelp("Delay after the first failure; it doubles with each.", valueName: "duration"))
    var retryInitial = DurationArgument(.seconds(1))

    @Option(help: ArgumentHelp("Longest delay after a failure.", valueName: "duration"))
    var retryMax = DurationArgument(.seconds(300))

    @Option(
      help: ArgumentHelp(
        "Subject for messages whose tries are used up; 'none' drops them.", valueName: "subject"))
    var dlq = "dlq.{subject}"

    @Option(
      help: ArgumentHelp(
        "Time after which the server delivers the message of an unresponsive worker again (default: 30s).",
        valueName: "duration"))
    var ackWait: DurationArgument?

    @Option(
      help: ArgumentHelp("Stop pulling for a while after this many failures in a row.", valueName: "n"))
    var breaker: Int?

    @Option(help: ArgumentHelp("Length of that pause.", valueName: "duration"))
    var breakerPause = DurationArgument(.seconds(30))

    func apply(to settings: inout WorkSettings) throws {
      guard (breaker ?? 1) > 0 else { throw ValidationError("--breaker must be at least 1") }
      settings.ackWait = ackWait?.duration
      settings.schedule = RetrySchedule(
        initial: retryInitial.duration, maximum: retryMax.duration, retries: retries)
      settings.deadLetters = dlq == "none" ? nil : dlq
      settings.breaker = breaker
      settings.breakerPause = breakerPause.duration
    }
  }

  /// The reports to other programs.
  struct ReportOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Append a JSON line to this file for each change of a message's state.", valueName: "file"),
      completion: .file())
    var journal: String?

    @Option(
      help: ArgumentHelp(
        "Publish a heartbeat to this subject every HEARTBEAT_INTERVAL.", valueName: "subject"))
    var heartbeat: String?

    func apply(to settings: inout WorkSettings) throws {
      settings.journal = journal
      settings.controller = Self.variable("CONTROLLER_ID") ?? "natswatch-\(getpid())"
      settings.platform = Self.variable("CONTROLLER_PLATFORM") ?? ""
      settings.heartbeat = try heartbeat.map(Self.heartbeatSettings)
    }

    private static func heartbeatSettings(_ subject: String) throws -> WorkSettings.HeartbeatSettings {
      guard DurationText.parse(subject) == nil else {
        throw ValidationError("--heartbeat \(subject): give the subject; HEARTBEAT_INTERVAL is the interval")
      }
      let text = variable("HEARTBEAT_INTERVAL") ?? "30s"
      guard let interval = DurationText.parse(text), interval > .zero else {
        throw ValidationError("HEARTBEAT_INTERVAL is \"\(text)\": write a duration such as 30s")
      }
      var beats = WorkSettings.HeartbeatSettings(subject: subject, interval: interval)
      beats.capabilities =
        variable("CONTROLLER_CAPABILITIES")?.split(separator: ",").map { String($0).trimmed } ?? []
      if let info = variable("CONTROLLER_CLUSTER_INFO") {
        guard PayloadScanner.isObject(info) else {
          throw ValidationError("CONTROLLER_CLUSTER_INFO is not a JSON object: \(info)")
        }
        beats.clusterInfo = info
      }
      return beats
    }

    private static func variable(_ name: String) -> String? {
      ProcessEnvironment.value(name).flatMap { $0.isEmpty ? nil : $0 }
    }
  }
}
