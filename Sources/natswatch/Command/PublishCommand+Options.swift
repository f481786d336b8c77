// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Filter
import NatswatchCore
import Process

extension PublishCommand {
  /// The message that a line becomes.
  struct MessageOptions: ParsableArguments {
    @Flag(help: "Publish the original messages of lines that tail printed: payload, headers and id.")
    var unwrap = false

    @Option(
      help: ArgumentHelp(
        "A CEL expression for the message id, by which the stream recognizes duplicates.", valueName: "cel"))
    var id: String?

    @Flag(
      help:
        "Send no message ids. Faster, but a message that is sent again after a failure may be stored twice."
    )
    var noIds = false

    @Option(
      help: ArgumentHelp(
        "Add members that a line lacks, such as id=uuid,time=now,kind=Pod.", valueName: "name=value,…"))
    var fill: String?

    @Option(
      help: ArgumentHelp("A header for each message, as 'Name: value'. Repeatable.", valueName: "header"))
    var header: [String] = []

    func apply(to settings: inout PublishSettings) throws {
      settings.unwraps = unwrap
      settings.headers = try header.map(Self.header)
      if let index = settings.headers.firstIndex(where: { $0.name.lowercased() == "nats-msg-id" }) {
        guard id == nil else {
          throw ValidationError("--id and --header Nats-Msg-Id cannot be used together")
        }
        settings.fixedIdentifier = settings.headers.remove(at: index).value.text
      }
      guard id == nil || !noIds else { throw ValidationError("--id and --no-ids cannot be used together") }
      settings.givesIdentifiers = !noIds
      do throws(FilterError) {
        settings.identifier = try id.map { expression throws(FilterError) in
          try LineFilter(value: expression)
        }
      } catch {
        throw ValidationError("--id: \(error)")
      }
      settings.fill = try (fill ?? "").split(separator: ",").map { text in
        guard let fill = LineComposer.Fill(String(text)) else {
          throw ValidationError("--fill \(text): write name=value")
        }
        return fill
      }
    }

    private static func header(_ text: String) throws -> PublishWindow.Header {
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
  }

  /// How fast messages are sent, and what happens to those that are refused.
  struct FlowOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Create this stream if it does not exist: a name, or a .json file with its configuration.",
        valueName: "stream"))
    var createStream: String?

    @Option(
      help: ArgumentHelp(
        "With --unwrap, save the position up to which every message is stored, for tail --state.",
        valueName: "file"), completion: .file())
    var state: String?

    @Option(help: ArgumentHelp("What to do with a line that cannot be published.", valueName: "policy"))
    var onError = PublishSettings.OnError.skip

    @Option(help: ArgumentHelp("Publish at most at this rate, such as 100/s or 600/m.", valueName: "rate"))
    var rate: String?

    @Option(help: ArgumentHelp("Number of messages that may be sent at once after a pause.", valueName: "n"))
    var burst: Int?

    @Option(
      help: ArgumentHelp("Number of messages that may wait for their acknowledgement.", valueName: "n"))
    var window = 4096

    func apply(to settings: inout PublishSettings) throws {
      settings.state = state
      settings.onError = onError
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
      settings.newStream = try createStream.map { try Self.configuration($0, of: settings.subject) }
    }

    /// The configuration of a stream in JetStream's JSON, from its file or from a name alone.
    private static func configuration(_ text: String, of subject: SubjectTemplate) throws -> [UInt8] {
      guard text.contains("/") || text.hasSuffix(".json") else {
        guard SubjectPattern(text)?.tokens.count == 1 else {
          throw ValidationError("--create-stream \(text): a stream's name has no dots, spaces or wildcards")
        }
        return PublishSettings.newStream(text, for: subject.pattern)
      }
      return try PublishSettings.newStream(file: text)
    }
  }
}

extension PublishSettings.OnError: ExpressibleByArgument {}
