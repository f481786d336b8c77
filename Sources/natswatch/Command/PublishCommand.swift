// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Filter
import JSON
import NatswatchCore
import Process

struct PublishCommand: ToolCommand {
  static var tool: String { "natswatch" }

  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "publish",
      abstract: "Publish each line of stdin into a stream, and wait for the acknowledgements.",
      discussion: """
        Examples:
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

  @Option(
    help: ArgumentHelp(
      "A CEL expression for the message id, by which the stream recognizes duplicates.", valueName: "cel"))
  var id: String?

  @Flag(
    help: "Send no message ids. Faster, but a message that is sent again after a failure may be stored twice."
  )
  var noIds = false

  @Option(
    help: ArgumentHelp(
      "Add members that a line lacks, such as id=uuid,time=now,kind=Pod.", valueName: "name=value,…"))
  var fill: String?

  @Flag(help: "Publish the original messages of lines that tail printed: payload, headers and id.")
  var unwrap = false

  @Option(
    help: ArgumentHelp(
      "With --unwrap, save the position up to which every message is stored, for tail --state.",
      valueName: "file"), completion: .file())
  var state: String?

  @Option(help: ArgumentHelp("A header for each message, as 'Name: value'.", valueName: "header"))
  var header: [String] = []

  @Option(help: ArgumentHelp("Publish at most at this rate, such as 100/s or 600/m.", valueName: "rate"))
  var rate: String?

  @Option(help: ArgumentHelp("Number of messages that may be sent at once after a pause.", valueName: "n"))
  var burst: Int?

  @Option(help: ArgumentHelp("Number of messages that may wait for their acknowledgement.", valueName: "n"))
  var window = 4096

  @Option(help: "What to do with a line that cannot be published.")
  var onError = PublishSettings.OnError.skip

  @Option(
    help: ArgumentHelp(
      "Create this stream if it does not exist: a name, or a .json file with its configuration.",
      valueName: "stream"))
  var createStream: String?

  @OptionGroup(title: "Connection") var connection: ConnectionFlags

  func validate() throws {
    if let text = texts.first {
      throw ValidationError(
        "'\(text)': publish reads messages from standard input: echo '\(text)' | natswatch publish \(subject)"
      )
    }
    _ = try settings()
  }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let session = try connection.session(shutdown)
    let server = try connection.serveMetrics(session)
    return try withExtendedLifetime(server) {
      var loop = try PublishLoop(try settings(), session: session)
      return try session.run { try loop.run() }
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
    settings.headers = try header.map { text in
      guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else {
        throw ValidationError("--header \"\(text)\": write 'Name: value'")
      }
      let header = PublishWindow.Header(
        name: String(text[..<colon]).trimmed, value: String(text[text.index(after: colon)...]).trimmed)
      guard header.isSendable else {
        throw ValidationError(
          "--header \(text.debugDescription): the name needs a character and neither may hold a line break")
      }
      return header
    }
    if let index = settings.headers.firstIndex(where: { $0.name.lowercased() == "nats-msg-id" }) {
      guard id == nil else { throw ValidationError("--id and --header Nats-Msg-Id contradict each other") }
      settings.fixedIdentifier = settings.headers.remove(at: index).value
    }
    do throws(FilterError) {
      settings.identifier = try id.map { expression throws(FilterError) in try LineFilter(value: expression) }
    } catch {
      throw ValidationError("--id: \(error)")
    }
    settings.fill = try (fill ?? "").split(separator: ",").map { text in
      guard let fill = LineComposer.Fill(String(text)) else {
        throw ValidationError("--fill \(text): write name=value")
      }
      return fill
    }
    guard id == nil || !noIds else { throw ValidationError("--id and --no-ids contradict each other") }
    settings.givesIdentifiers = !noIds
    settings.unwraps = unwrap
    guard state == nil || unwrap else { throw ValidationError("--state needs --unwrap") }
    settings.state = state
    guard window > 0 else { throw ValidationError("--window must be at least 1") }
    settings.window = window
    if let rate {
      guard let perSecond = RateLimiter.parse(rate) else {
        throw ValidationError("--rate \(rate): write 100/s, 600/m or 100")
      }
      settings.rate = perSecond
    }
    guard (burst ?? 1) > 0 else { throw ValidationError("--burst must be at least 1") }
    guard burst == nil || rate != nil else { throw ValidationError("--burst needs --rate") }
    settings.burst = burst.map(Double.init)
    settings.onError = onError
    settings.newStream = try createStream.map { text in
      guard text.hasSuffix(".json") else {
        guard SubjectPattern(text)?.tokens.count == 1 else {
          throw ValidationError("--create-stream \(text): a stream's name has no dots, spaces or wildcards")
        }
        return "{\"name\":\(JSONText.string(text)),\"subjects\":[\(JSONText.string("\(template.pattern)"))]}"
      }
      guard let configuration = ConnectionSettings.text(text) else {
        throw ValidationError("--create-stream \(text): the file cannot be read")
      }
      return configuration
    }
    return settings
  }
}

extension PublishSettings.OnError: ExpressibleByArgument {}
