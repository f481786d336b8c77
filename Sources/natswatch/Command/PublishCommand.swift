// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Glibc
import NatswatchCore
import Process

struct PublishCommand: ToolCommand {
  static var tool: String { "natswatch" }

  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "publish",
      abstract: "Publish each line of stdin into a stream, and wait for the acknowledgements.",
      usage: "natswatch publish [<options>] <subject>",
      discussion: """
        EXAMPLES:
          natswatch publish orders.new <orders.ndjson
          kwatch pods -A |
            natswatch publish 'pods.{metadata.namespace}.{metadata.name}'
          natswatch tail 'dlq.>' --all --until-now |
            natswatch publish orders.new --unwrap
        """)
  }

  @Argument(
    help: ArgumentHelp(
      "A subject, or a template such as pods.{metadata.namespace}.", valueName: "subject"))
  var subject: String

  /// Accepted only to answer `nats pub` habits, SUBJECT TEXT, with a hint.
  @Argument(help: .hidden) var texts: [String] = []

  @OptionGroup(title: "Messages") var messages: MessageOptions
  @OptionGroup(title: "Flow") var flow: FlowOptions
  @OptionGroup(title: "Monitoring") var monitoring: MonitoringOptions
  @OptionGroup(title: "Log") var log: LogOptions
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    if let text = texts.first {
      let command = "natswatch publish \(subject)"
      let isFile = unsafe access(text, R_OK) == 0
      let reads = "publish reads messages from standard input"
      throw ValidationError(
        isFile ? "\(reads): \(command) <\(text)" : "'\(text)': \(reads): echo '\(text)' | \(command)")
    }
    // ArgumentParser would make bad usage of a missing file, so execute() reports it.
    do { _ = try settings() } catch is NATSError {}
  }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let session = try connection.session(shutdown, log.level, monitoring.status)
    let server = try monitoring.serve(session)
    let settings = try settings()
    return try withExtendedLifetime(server) {
      try session.run {
        var loop = try PublishLoop(settings, session: session)
        return try loop.run()
      }
    }
  }

  private func settings() throws -> PublishSettings {
    let template: SubjectTemplate
    do throws(SubjectTemplate.SyntaxError) {
      template = try SubjectTemplate(subject)
    } catch {
      throw ValidationError(error.description)
    }
    var settings = PublishSettings(subject: template)
    try messages.apply(to: &settings)
    try flow.apply(to: &settings)
    guard settings.state == nil || settings.unwraps else { throw ValidationError("--state needs --unwrap") }
    settings.metricsPrefix = monitoring.metrics.map { _ in monitoring.metricsPrefix }
    return settings
  }
}
