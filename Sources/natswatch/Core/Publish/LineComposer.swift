// SPDX-License-Identifier: Apache-2.0

import Encoding
import Events
import Filter
import JSON

/// Composes the message for a line: its subject, id, headers and payload. For one thread.
package struct LineComposer {
  /// A member that is added to lines without it.
  package struct Fill: Sendable, Equatable {
    enum Value: Sendable, Equatable {
      case uuid
      case now
      case text(String)
    }
    var name: [UInt8]
    var value: Value

    /// From `name=uuid`, `name=now` or `name=text`.
    package init?(_ text: String) {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else { return nil }
      name = Array(text[..<equals].utf8)
      switch text[text.index(after: equals)...] {
      case "uuid": value = .uuid
      case "now": value = .now
      case let other: value = .text(String(other))
      }
    }
  }

  /// Why a line cannot be published.
  struct UnusableLineError: Error, CustomStringConvertible {
    var description: String
  }

  private let settings: PublishSettings
  private let runToken: String
  private let evaluator: LineEvaluator?
  private var scanner = PayloadScanner()
  private let padded = PaddedBytes()

  init(_ settings: PublishSettings, runToken: String) {
    self.settings = settings
    self.runToken = runToken
    evaluator = settings.identifier.map { LineEvaluator($0) }
  }

  /// Whether lines have to be JSON.
  private var readsLines: Bool {
    !settings.subject.isLiteral || evaluator != nil || !settings.fill.isEmpty || settings.unwraps
  }

  /// - Parameters:
  ///   - line: The line, followed by 64 readable bytes.
  ///   - number: The line's number. The id is made from it, unless the line has an id.
  /// - Returns: The message.
  /// - Throws: ``UnusableLineError``
  mutating func compose(
    _ line: UnsafeBufferPointer<UInt8>, number: UInt64
  ) throws(UnusableLineError) -> PublishWindow.Entry {
    var entry = PublishWindow.Entry(
      subject: settings.subject.text, payload: [], identifier: "", headers: settings.headers)
    entry.line = number
    if settings.givesIdentifiers {
      entry.identifier = "\(runToken).\(number)"
      entry.isIdentifierGenerated = true
    }
    if let identifier = settings.fixedIdentifier {
      entry.identifier = identifier
      entry.isIdentifierGenerated = false
    }
    guard readsLines else {
      entry.payload = unsafe Array(line)
      return entry
    }
    unsafe scanner.scan(line)
    guard scanner.kind == .object || scanner.kind == .event, let base = line.baseAddress else {
      throw UnusableLineError(description: "not a JSON object")
    }
    let json = unsafe RawJSON(line: base, count: line.count)
    let isEvent = scanner.kind == .event
    if !settings.subject.isLiteral {
      do throws(SubjectTemplate.SyntaxError) {
        entry.subject = try settings.subject.subject { path in path.text(in: json, isEvent: isEvent) }
      } catch {
        throw UnusableLineError(description: error.description)
      }
    }
    if settings.unwraps, isEvent {
      let unwrapped = unsafe UnwrappedLine(line, scanner)
      let identifier = PublishWindow.Header(name: "Nats-Msg-Id", value: unwrapped.identifier ?? "")
      if let header = (unwrapped.headers + [identifier]).first(where: { !$0.isSendable }) {
        throw UnusableLineError(
          description: "header \(JSONText.string(header.name)) holds a character that no header may have")
      }
      entry.payload = unwrapped.payload
      entry.headers += unwrapped.headers
      entry.origin = unwrapped.origin
      if entry.isIdentifierGenerated, let identifier = unwrapped.identifier { entry.identifier = identifier }
    } else {
      entry.payload = unsafe Array(line)
    }
    if let evaluator {
      entry.identifier = try Self.identifier(json, evaluator)
      entry.isIdentifierGenerated = false
    }
    if !settings.fill.isEmpty { entry.payload = filled(entry.payload) }
    return entry
  }

  /// The type of an event for the metrics: the line's own `type`, or the subject if the line has none.
  mutating func type(of line: UnsafeBufferPointer<UInt8>, publishedOn subject: String) -> String {
    unsafe scanner.scan(line)
    var type: [UInt8] = []
    guard scanner.kind == .object || scanner.kind == .event, let base = line.baseAddress,
      unsafe RawJSON(line: base, count: line.count).member("type")?.appendString(to: &type) == true,
      !type.isEmpty
    else { return subject }
    return String(decoding: type, as: UTF8.self)
  }

  private static func identifier(_ line: RawJSON, _ evaluator: LineEvaluator) throws(UnusableLineError)
    -> String
  {
    var bytes: [UInt8] = []
    do {
      try evaluator.appendValue(line, to: &bytes)
    } catch {
      throw UnusableLineError(description: "--id: \(error)")
    }
    if bytes.first == UInt8(ascii: "\"") {
      var text: [UInt8] = []
      unsafe bytes.withUnsafeBufferPointer {
        unsafe JSONEscapes.decode(UnsafeBufferPointer(rebasing: $0.dropFirst().dropLast()), into: &text)
      }
      bytes = text
    }
    // A header's value is one line without control characters.
    guard !bytes.isEmpty, !bytes.contains(where: { $0 < 0x20 }) else {
      throw UnusableLineError(description: "--id gives nothing that can be an id")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The payload with its missing members inserted at the front.
  private func filled(_ payload: [UInt8]) -> [UInt8] {
    let copy = unsafe payload.withUnsafeBufferPointer { unsafe padded.copy($0) }
    guard let base = copy.baseAddress else { return payload }
    let object = unsafe RawJSON(line: base, count: copy.count)
    let start = unsafe object.start + 1 - JSONCursor(base)
    var names: [[UInt8]] = []
    guard var walk = RawJSON.Members(object) else { return payload }
    while let (key, _) = walk.next() {
      var name: [UInt8] = []
      key.appendString(to: &name)
      names.append(name)
    }
    var members: [UInt8] = []
    for fill in settings.fill where !names.contains(fill.name) {
      if !members.isEmpty { members.append(UInt8(ascii: ",")) }
      JSONText.append(string: fill.name, to: &members)
      members.append(UInt8(ascii: ":"))
      let text =
        switch fill.value {
        case .uuid: UUIDText.random()
        case .now: RFC3339.text(nanoseconds: Timestamp.now.nanoseconds)
        case .text(let text): text
        }
      JSONText.append(string: text.utf8, to: &members)
    }
    guard !members.isEmpty, start <= payload.count else { return payload }
    if !names.isEmpty { members.append(UInt8(ascii: ",")) }
    return payload[..<start] + members + payload[start...]
  }
}
