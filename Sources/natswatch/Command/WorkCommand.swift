// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import NatswatchCore
import Process

struct WorkCommand: ToolCommand {
  static var tool: String { "natswatch" }

  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "work", abstract: "Run a command for each message, at least once, with retries.",
      usage: "natswatch work [<options>] <subject> ... --durable <name> -- <command> [<argument> ...]",
      discussion: """
        The command reads the message from standard input. Exit status 0 acknowledges it, and 65 gives \
        it up. After any other status the message is tried again.

        EXAMPLES:
          natswatch work orders.new --durable billing -- ./bill
          natswatch work 'session.*.k8s' --durable k8s -j 4 -- ./handle {token:2}
        """)
  }

  @Argument(
    help: ArgumentHelp(
      "The subjects. The handler follows after --; {subject} and {token:N} in its arguments are replaced.",
      valueName: "subject"))
  var operands: [String] = []

  @OptionGroup(title: "Messages") var messages: MessageOptions
  @OptionGroup(title: "Handler") var handler: HandlerOptions
  @OptionGroup(title: "Failures") var failures: FailureOptions
  @OptionGroup(title: "Reports") var reports: ReportOptions
  @OptionGroup(title: "Monitoring") var monitoring: MonitoringOptions
  @OptionGroup(title: "Log") var log: LogOptions
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws { _ = try settings() }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let session = try connection.session(shutdown, log.level, monitoring.status)
    let server = try monitoring.serve(session)
    let loop = WorkLoop(
      settings: try settings(), session: session, untilNow: messages.untilNow,
      metricsPrefix: monitoring.metricsPrefix)
    return try withExtendedLifetime(server) {
      try session.run(timeLimit: messages.timeout?.duration) { try loop.run() }
    }
  }

  /// ArgumentParser has no second list of operands: what follows the first `--` is the handler.
  private var handlerCount: Int {
    let arguments = CommandLine.arguments
    guard let terminator = arguments.firstIndex(of: "--") else { return 0 }
    return min(arguments.count - terminator - 1, operands.count)
  }

  private func settings() throws -> WorkSettings {
    let command = Array(operands.suffix(handlerCount))
    var settings = WorkSettings(
      subjects: try Self.patterns(operands.dropLast(handlerCount)), durable: try messages.consumerName(),
      command: command)
    guard messages.dryRun || !command.isEmpty else {
      throw ValidationError("a command is missing: natswatch work … -- COMMAND")
    }
    if let name = command.first, let fault = CommandSearch.fault(in: name) {
      throw ValidationError(
        fault + (name.contains(" ") ? ": for a line of the shell write -- sh -c '\(name)'" : ""))
    }
    try messages.apply(to: &settings)
    try handler.apply(to: &settings)
    try failures.apply(to: &settings)
    try reports.apply(to: &settings)
    try Self.check(overlapping: settings.filters)
    do throws(NATSError) { try settings.checkOutlets() } catch {
      throw ValidationError(error.description)
    }
    return settings
  }

  private static func patterns(_ subjects: some Collection<String>) throws -> [SubjectPattern] {
    guard !subjects.isEmpty else { throw ValidationError("a subject is missing, such as 'orders.>'") }
    return try subjects.map { text in
      if let problem = NatswatchCommand.problem(ofSubject: text) { throw ValidationError(problem) }
      guard let pattern = SubjectPattern(text) else {
        let remedy = text.contains("/") ? ": a command comes after --" : ""
        throw ValidationError("\"\(text)\" is not a NATS subject\(remedy)")
      }
      return pattern
    }
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
}
