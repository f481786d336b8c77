// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Lines
import TestSupport
import Testing

@testable import NatswatchCore

@Suite struct EventEncoderTests {
  private static let metadata = DeliveryMetadata(
    reply: "$JS.ACK.S.c.1.17.5.1795248000000000000.9")

  private func encode(
    _ payload: [UInt8], _ form: EventEncoder.Form = .event, headers: EventEncoder.Headers = [],
    subject: String = "a.b", invalid: EventEncoder.InvalidPolicy = .wrap
  ) throws -> (line: String, outcome: EventEncoder.Outcome) {
    var encoder = EventEncoder(form: form, invalid: invalid)
    encoder.setStream("S", epoch: "7")
    let metadata = try #require(Self.metadata)
    let folder = try TemporaryDirectory()
    let file = try FileHandle(forWritingTo: URL(filePath: folder.write("", to: "lines")))
    let copy = PaddedBytes()
    let writer = OutputWriter(descriptor: file.fileDescriptor)
    let outcome = try unsafe Array(subject.utf8).withUnsafeBufferPointer { subject in
      try unsafe payload.withUnsafeBufferPointer { payload in
        try unsafe encoder.encode(
          payload: copy.copy(payload), subject: subject, headers: headers, metadata, to: writer)
      }
    }
    try writer.flush()
    return (try folder.read("lines"), outcome)
  }

  private static func source(_ payload: String) -> String {
    #""source":{"stream":"S","epoch":"7","subject":"a.b","sequence":17,"#
      + #""time":"2026-11-21T08:00:00.000000000Z","pending":9,"payload":\#(payload)}"#
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var payload: String
    var type: String
    var object: String
    /// The value of `source.payload`.
    var form = #""object""#
    /// More members of the event.
    var rest = ""
    var testDescription: String { payload }
  }

  static let cases = [
    Case(payload: #"{"a":1}"#, type: "ADDED", object: #"{"a":1}"#),
    Case(
      payload: " {\n \"a\" : 1.0e5 }\r\n", type: "ADDED", object: #"{  "a" : 1.0e5 }"#,
      form: #"{"as":"object","base64":"IHsKICJhIiA6IDEuMGU1IH0NCg=="}"#),
    Case(
      payload: #"{"metadata":{}}"#, type: "ADDED", object: #"{"metadata":{"resourceVersion":"17"}}"#,
      form: #"{"as":"object","inserted":"resourceVersion"}"#),
    Case(
      payload: #"{"metadata": { "name":"x"},"z":9007199254740993}"#, type: "ADDED",
      object: #"{"metadata": {"resourceVersion":"17", "name":"x"},"z":9007199254740993}"#,
      form: #"{"as":"object","inserted":"resourceVersion"}"#),
    Case(
      payload: #"{"metadata":{"name":"x","resourceVersion":"old","resourceVersion":"2"}}"#, type: "ADDED",
      object: #"{"metadata":{"name":"x","resourceVersion":"17","resourceVersion":"2"}}"#,
      form: #"{"as":"object","resourceVersion":"old"}"#),
    Case(payload: #"{"metadata":[1]}"#, type: "ADDED", object: #"{"metadata":[1]}"#),
    Case(
      payload: #"{"\u006detadata":{"n":1}}"#, type: "ADDED",
      object: #"{"\u006detadata":{"resourceVersion":"17","n":1}}"#,
      form: #"{"as":"object","inserted":"resourceVersion"}"#),
    Case(
      payload: #"{"items":[{"metadata":{}}],"x":{"metadata":{}},"metadata":{"a":{"resourceVersion":1}}}"#,
      type: "ADDED",
      object:
        #"{"items":[{"metadata":{}}],"x":{"metadata":{}},"metadata":{"resourceVersion":"17","a":{"resourceVersion":1}}}"#,
      form: #"{"as":"object","inserted":"resourceVersion"}"#),
    Case(
      payload: #"{"type":"ADDED","object":[{"metadata":{}}],"metadata":{ }}"#, type: "ADDED",
      object: #"{"type":"ADDED","object":[{"metadata":{}}],"metadata":{"resourceVersion":"17" }}"#,
      form: #"{"as":"object","inserted":"resourceVersion"}"#),
    Case(
      payload: #"{"type":"ADDED","object":{"spec":{"metadata":{}}}}"#, type: "ADDED",
      object: #"{"spec":{"metadata":{}}}"#, form: #""event""#),
    Case(
      payload: #"{"type":"MODIFIED","object":{"metadata":{"resourceVersion":5}},"x":1}"#, type: "MODIFIED",
      object: #"{"metadata":{"resourceVersion":"17"}}"#, form: #"{"as":"event","resourceVersion":5}"#,
      rest: #","x":1"#),
    Case(
      payload: #"{"object":{"metadata":{"resourceVersion":5}},"type":"DELETED"}"#, type: "DELETED",
      object: #"{"metadata":{"resourceVersion":"17"}}"#,
      form:
        #"{"as":"event","base64":"eyJvYmplY3QiOnsibWV0YWRhdGEiOnsicmVzb3VyY2VWZXJzaW9uIjo1fX0sInR5cGUiOiJERUxFVEVEIn0="}"#
    ),
    Case(
      payload: #"{"type":"DEL\u0045TED","object":{"a":1}}"#, type: #"DEL\u0045TED"#, object: #"{"a":1}"#,
      form: #""event""#),
    Case(payload: #"{"type":"login","object":{}}"#, type: "ADDED", object: #"{"type":"login","object":{}}"#),
    Case(payload: "[1,2]", type: "ADDED", object: #"{"data":[1,2]}"#, form: #""value""#),
    Case(payload: #""é𝄞""#, type: "ADDED", object: #"{"data":"é𝄞"}"#, form: #""value""#),
    Case(payload: #"{"a":1}x"#, type: "ADDED", object: #"{"data":"{\"a\":1}x"}"#, form: #""text""#),
    Case(payload: "hello\n", type: "ADDED", object: #"{"data":"hello\n"}"#, form: #""text""#),
    Case(payload: "", type: "ADDED", object: #"{"data":""}"#, form: #""text""#),
  ]

  @Test(arguments: cases) func keepsThePayloadsBytes(_ c: Case) throws {
    let line = try encode(Array(c.payload.utf8)).line
    #expect(line == "{\"type\":\"\(c.type)\",\"object\":\(c.object),\(Self.source(c.form))\(c.rest)}\n")
  }

  @Test func keepsOtherMembersOfAnEvent() throws {
    let line = try encode(Array(#"{"type":"ADDED","object":{},"source":{"cluster":"c"},"x":[1]}"#.utf8)).line
    #expect(line.contains(#","origin":{"cluster":"c"},"pending":9,"payload":"event"},"x":[1]}"#))
  }

  @Test func verbatimChangesNothing() throws {
    let line = try encode(Array(#"{"metadata":{"name":"x"}}"#.utf8), .verbatim).line
    #expect(line.hasPrefix(#"{"type":"ADDED","object":{"metadata":{"name":"x"}},"#))
    #expect(line.contains(#""payload":"object"}"#))
  }

  @Test func rawIsThePayloadAlone() throws {
    #expect(try encode(Array("{\"a\":\n1}".utf8), .raw).line == "{\"a\": 1}\n")
    #expect(try encode(Array("plain text".utf8), .raw).line == "plain text\n")
    #expect(try encode(Array("two\nlines".utf8), .raw).outcome == .wrapped)
  }

  @Test func wrapsOrRefusesPayloadsThatAreNotJSON() throws {
    #expect(try encode([0xff, 0x00]).line.hasPrefix(#"{"type":"ADDED","object":{"data_base64":"/wA="},"#))
    #expect(try encode([0xff, 0x00]).line.contains(#""payload":"base64"}"#))
    #expect(try encode([0xff], invalid: .skip).outcome == .invalid)
    #expect(try encode([0xff], invalid: .fail).outcome == .invalid)
  }

  @Test func tombstonesAreDeletions() throws {
    let line = try encode([], headers: [("KV-Operation", ["DEL"])], invalid: .fail).line
    #expect(line.hasPrefix(#"{"type":"DELETED","object":{"data":""}"#))
    #expect(try encode([], headers: [("Nats-Marker-Reason", ["MaxAge"])]).line.contains("DELETED"))
  }

  @Test func writesHeadersAndUnusualSubjects() throws {
    let line = try encode(
      Array("{}".utf8), headers: [("A", ["1"]), ("B", ["x\"", "y"])], subject: "a.\"q\\"
    ).line
    #expect(line.contains(#""subject":"a.\"q\\","#))
    #expect(line.contains(#","headers":{"A":"1","B":["x\"","y"]},"pending":9,"payload":"object"}}"#))
    let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8))
    #expect(parsed is [String: Any])
  }

  /// The encoder must agree with Foundation about which mutated payloads are JSON.
  @Test func agreesWithFoundationAboutJSON() throws {
    let seeds = [
      #"{"type":"ADDED","object":{"metadata":{"name":"é","resourceVersion":"1"},"a":[1,-2.5e+3,true,null,"\u00e9\n"]}}"#,
      #"[{"a":[[],{}]},"x",0,-0,1e9]"#,
    ]
    var generator = SystemRandomNumberGenerator()
    for seed in seeds {
      for _ in 0..<3000 {
        var bytes = Array(seed.utf8)
        for _ in 0..<Int.random(in: 1...2, using: &generator) {
          let index = Int.random(in: 0..<bytes.count, using: &generator)
          switch Int.random(in: 0..<3, using: &generator) {
          case 0: bytes.remove(at: index)
          case 1: bytes[index] = Array("{}[]\",:\\0e-+. tn".utf8).randomElement(using: &generator) ?? 0
          default: bytes.insert(bytes[index], at: index)
          }
        }
        let scanner = scanned(bytes)
        // No lone surrogates are generated, because Foundation refuses them, and RFC 8259 leaves them open.
        // Foundation accepts a comma after the last element or member, which RFC 8259 forbids. It refuses numbers
        // beyond a double, which RFC 8259 leaves open.
        let text = String(decoding: bytes, as: UTF8.self)
        guard !text.contains(/,\s*[\]}]/), !text.contains(/[eE][-+]?[0-9]{3}/) else { continue }
        let isJSON = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
        #expect((scanner.kind != .notJSON) == isJSON, "\(text)")
      }
    }
  }

  @Test func survivesDeepNesting() {
    for depth in [1000, 200_000] {
      let half = String(repeating: "[", count: depth)
      #expect(scanned(Array(half.utf8)).kind == .notJSON)
      #expect(scanned(Array((half + String(repeating: "]", count: depth)).utf8)).kind == .value)
    }
  }

  /// Lines that make the output's buffer grow, and lines that fill it exactly.
  @Test(arguments: [100, 65_000, 65_200, 65_400, 200_000]) func writesLinesOfAnySize(_ size: Int) throws {
    let text = String(repeating: "x", count: size)
    #expect(try encode(Array("{\"a\":\"\(text)\"}".utf8)).line.contains(text))
    #expect(try encode([UInt8](repeating: 0xff, count: size)).outcome == .wrapped)
  }

  private func scanned(_ bytes: [UInt8]) -> PayloadScanner {
    var scanner = PayloadScanner()
    let copy = PaddedBytes()
    unsafe bytes.withUnsafeBufferPointer { unsafe scanner.scan(copy.copy($0)) }
    return scanner
  }
}

extension DeliveryMetadata {
  fileprivate init?(reply: String) {
    var reply = reply
    guard let metadata = reply.withUTF8({ bytes in unsafe DeliveryMetadata(reply: bytes) }) else {
      return nil
    }
    self = metadata
  }
}
