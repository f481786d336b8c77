// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@testable import Events

struct EventHeadTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var line: String
    var type: EventType?
    var testDescription: String { line }
  }

  static let cases = [
    Case(line: #"{"type":"ADDED","object":{}}"#, type: .added),
    Case(line: #"{"type":"METRICS","object":{"a":1},"source":{}}"#, type: .metrics),
    Case(line: #" { "source" : 1 , "object" : { } , "type" : "STATUS" } "#, type: .status),
    Case(line: #"{"object":{"type":"ERROR"},"x":[],"type":"BOOKMARK"}"#, type: .bookmark),
    Case(line: #"{"\u0074ype":"DEL\u0045TED","\u006fbject":{}}"#, type: .deleted),
    Case(line: #"{"type":"ADDED","type":"x","object":{},"object":1}"#, type: .added),
    // Plain lines, whatever keys they have.
    Case(line: #"{"type":"ERROR","object":"disk"}"#),
    Case(line: #"{"type":"ADDED","object":[{}]}"#),
    Case(line: #"{"type":"ADDED","object":null}"#),
    Case(line: #"{"type":"added","object":{}}"#),
    Case(line: #"{"type":"ADDEDX","object":{}}"#),
    Case(line: #"{"type":"charge.succeeded","object":{}}"#),
    Case(line: #"{"type":1,"object":{}}"#),
    Case(line: #"{"type":"x","type":"ADDED","object":{}}"#),
    Case(line: #"{"object":1,"type":"ADDED","object":{}}"#),
    Case(line: #"{"obj\u0065ct":null,"type":"ADDED","object":{"a":1}}"#),
    Case(line: #"{"type":"ADDED","a":{"object":{}}}"#),
    Case(line: #"{"type":"ADDED"}"#),
    Case(line: #"[{"type":"ADDED","object":{}}]"#),
    Case(line: #"{"type":"ADDED","object":"#),
    Case(line: #"{"type":"A"#),
    Case(line: ""),
  ]

  @Test(arguments: cases) func knowsEventsByTypeAndObject(_ c: Case) {
    let bytes = Array(c.line.utf8) + [UInt8](repeating: 0x20, count: JSONCursor.padding)
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let head = unsafe EventHead(RawJSON(line: base, count: c.line.utf8.count))
      #expect(head?.type == c.type)
      if head != nil { #expect(head?.object.kind == .object) }
    }
  }
}
