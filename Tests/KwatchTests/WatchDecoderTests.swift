// SPDX-License-Identifier: Apache-2.0
import Events
import JSON
import Testing

@testable import KwatchCore

@Suite struct WatchDecoderTests {
  private func lines(_ chunks: [[UInt8]]) throws -> (lines: [String], hasRemainder: Bool) {
    var decoder = WatchDecoder()
    var lines: [String] = []
    for chunk in chunks {
      try decoder.feed(chunk.span) { line in
        lines.append(text(line.bytes(0..<line.count)))
        return true
      }
    }
    return (lines, decoder.isInValue)
  }

  @Test func keepsEveryRecordedLineAtEverySplit() throws {
    for name in try Wire.answers("watch") where !name.hasSuffix("watch-single") {
      let body = try Wire.body(name)
      let expected = text(body).split(separator: "\n").map(String.init)
      #expect(try lines([body]).lines == expected, "\(name)")
      guard name.hasPrefix("v1.36/"), body.count < 2500 else { continue }
      try atEverySplit(body) { chunks throws in
        let result = try lines(chunks)
        guard result.lines == expected, !result.hasRemainder else {
          Issue.record("\(name) at \(chunks.first?.count ?? 0)")
          return
        }
      }
    }
  }

  @Test func holdsBackAPartialLine() throws {
    // A killed server leaves an incomplete event, which must not be printed.
    let body = try Wire.body("v1.36/watch-rv")
    let cut = Array(body.dropLast(10))
    let result = try lines([cut])
    #expect(result.hasRemainder)
    #expect(result.lines == text(body).split(separator: "\n").dropLast().map(String.init))
  }

  @Test func decodesEveryRecordedEvent() throws {
    for name in try Wire.answers("watch") where !name.hasSuffix("watch-single") {
      for line in text(try Wire.body(name)).split(separator: "\n") {
        let bytes = Array(line.utf8)
        let parsed = try #require(try? WatchLine(bytes.span), "\(name): \(line)")
        #expect(parsed.isCanonical)
        let object = bytes.span.bytes(try parsed.object(in: bytes.span))
        #expect(text(bytes) == "{\"type\":\"\(parsed.type.rawValue)\",\"object\":\(text(object))}")
      }
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var line: String
    var type: EventType?
    var object: String?
    var testDescription: String { line }
  }

  static let cases = [
    Case(line: #"{"object":{"a":1},"type":"ADDED"}"#, type: .added, object: #"{"a":1}"#),
    Case(line: #" { "type" : "DELETED" , "object" : { } } "#, type: .deleted, object: "{ }"),
    Case(
      line: #"{"type":"ADDED","object":{"a":"}}"},"source":{"x":1}}"#, type: .added, object: #"{"a":"}}"}"#),
    Case(line: #"{"t\u0079pe":"MODIFIED","object":{}}"#, type: .modified, object: "{}"),
    Case(line: #"{"type":"FUTURE","object":{}}"#),
  ]

  @Test(arguments: cases) func readsEnvelopesOfOtherServers(_ value: Case) throws {
    let bytes = Array(value.line.utf8)
    let parsed = try WatchLine(bytes.span)
    #expect(parsed?.type == value.type)
    if let parsed, let object = value.object {
      #expect(text(bytes.span.bytes(try parsed.object(in: bytes.span))) == object)
    }
  }

  @Test(arguments: [
    "", "{", "<html>", "[]", "{\"type\":\"ADDED\"}", "{\"object\":{}}", "{\"type\":\"ADDED\",\"object\":[]}",
  ])
  func refusesLinesThatAreNotEvents(_ line: String) {
    let bytes = Array(line.utf8)
    #expect(throws: JSONError.self) { try WatchLine(bytes.span) }
  }

  /// A server may write its events in any way that is JSON; printed is one line an event.
  @Test func splitsAStreamIntoLinesWhateverItsWhiteSpace() throws {
    let body = Array(" \r\n{\n \"a\": [1,\r\n 2]\n}\r\n\n{\"b\":\"\\n\"}{\"c\":\"é\"}\t\n".utf8)
    try atEverySplit(body) { chunks throws in
      let result = try lines(chunks)
      guard result.lines == [#"{"a":[1,2]}"#, #"{"b":"\n"}"#, #"{"c":"é"}"#], !result.hasRemainder else {
        Issue.record("\(result.lines)")
        return
      }
    }
  }

  @Test(arguments: ["<html>", "{\"a\":1,}", "{\"a\"\n", "]", "{\"a\":\"\u{1}\"}", "nul "])
  func refusesAStreamThatIsNotJSON(_ text: String) {
    let body = Array("{\"type\":\"ADDED\",\"object\":{}}\n\(text)\n}".utf8)
    var printed = 0
    #expect(throws: WatchDecoder.FormatError.self) {
      var decoder = WatchDecoder()
      try decoder.feed(body.span) { _ in
        printed += 1
        return true
      }
    }
    #expect(printed == 1)
  }

  @Test func refusesAnEventThatIsNotUTF8WhereverItIsCut() throws {
    let body = Array("{\"a\":\"".utf8) + [0xC3, 0x28] + Array("\"}\n".utf8)
    for cut in 0...body.count {
      #expect(throws: WatchDecoder.FormatError.self, "cut at \(cut)") {
        try lines([Array(body[..<cut]), Array(body[cut...])])
      }
    }
  }

  /// The short cut for the usual form and the definition of all tools find the same parts.
  @Test(arguments: EventType.allCases, ["{}", #"{"a":{"b":[1]}}"#, #"{"name":"a-name-that-makes-it-long"}"#])
  func canonicalLinesAreEventsOfTheSharedDefinition(_ type: EventType, _ object: String) throws {
    let usual = Array("{\"type\":\"\(type.rawValue)\",\"object\":\(object)}".utf8)
    let other = Array("{ \"type\":\"\(type.rawValue)\",\"object\":\(object)}".utf8)
    let (first, second) = (try WatchLine(usual.span), try WatchLine(other.span))
    #expect(first?.type == second?.type)
    guard let first, let second else {
      #expect(type == .status || type == .metrics)
      return
    }
    #expect(second.objectStart == first.objectStart + 1)
    #expect(text(usual.span.bytes(try first.object(in: usual.span))) == object)
    #expect(text(other.span.bytes(try second.object(in: other.span))) == object)
  }

  @Test func refusesALineWithoutEnd() throws {
    var decoder = WatchDecoder()
    try decoder.feed(Array("{\"".utf8).span) { _ in true }
    let block = [UInt8](repeating: 0x61, count: 16 << 20)
    for _ in 0..<3 { try decoder.feed(block.span) { _ in true } }
    #expect(throws: WatchDecoder.FormatError.lineTooLong) { try decoder.feed(block.span) { _ in true } }
  }
}
