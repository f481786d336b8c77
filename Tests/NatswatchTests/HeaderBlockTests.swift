// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import NatswatchCore

/// Headers are printed as they were sent, even if libnats parses them differently.
@Suite(.timeLimit(.minutes(1))) struct HeaderBlockTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var block: String
    var expected: String?
    var testDescription: String { block.debugDescription }
  }

  static let cases = [
    Case(block: "NATS/1.0\r\n\r\n", expected: ""),
    Case(block: "NATS/1.0\r\nA: 1\r\n\r\n", expected: "A=1"),
    Case(block: "NATS/1.0\r\nA:1\r\nA: 2\r\nB: \r\n\r\n", expected: "A=1|2 B="),
    Case(block: "NATS/1.0\r\nB:\r\nA: 1\r\nB: x\r\n\r\n", expected: "A=1 B=|x"),
    Case(block: "NATS/1.0\r\nA:  a:b \t\r\n\r\n", expected: "A=a:b"),
    Case(block: "NATS/1.0\r\nA: one\r\n two\r\nB: 1\r\n\r\n", expected: "A=one two B=1"),
    Case(block: "NATS/1.0 100 Idle\r\nA: 1\r\n\r\n", expected: "A=1"),
    Case(block: "NATS/1.0\0\nA\0 1\0\nB\0 \r\nC: x\0\nD\0 2\0 \r\n\r\n", expected: "A=1 B= C=x D=2"),
    Case(block: "NATS/1.0\r\nno colon\r\n\r\n", expected: nil),
    Case(block: "NATS/1.0\r\n folded\r\n\r\n", expected: nil),
    Case(block: "A: 1\r\n\r\n", expected: nil),
    Case(block: "", expected: nil),
  ]

  @Test(arguments: cases) func isParsed(_ one: Case) {
    let headers = HeaderBlock.parse(Array(one.block.utf8).span)
    let text = headers.map {
      $0.map { "\($0.name)=\($0.values.map(\.text).joined(separator: "|"))" }.joined(separator: " ")
    }
    #expect(text == one.expected)
  }

  /// A truncated block may lack headers, but never has other names.
  @Test func cutBlocksHaveNoOtherNames() {
    for one in Self.cases {
      let bytes = Array(one.block.utf8)
      for end in bytes.indices {
        let names = HeaderBlock.parse(Array(bytes[..<end]).span)?.map(\.name) ?? []
        #expect(names.allSatisfy { ["A", "B", "C", "D"].contains($0) })
      }
    }
  }

  @Test(arguments: NATSServer.Version.installed) func emptyValuesAreKept(_ version: NATSServer.Version) throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    for (number, values) in [["A": ""], ["A": "", "B": "x", "C": ""], ["KV-Operation": "DEL", "Z": ""]]
      .enumerated()
    {
      var entry = PublishWindow.Entry(
        subject: "a.x", payload: number == 1 ? [] : Array("{}".utf8), identifier: "")
      entry.headers = values.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) }
      try bed.jetStream.connection.publish(entry, reply: "nobody")
    }
    bed.jetStream.connection.flush(milliseconds: 5_000)
    let read = try bed.run(["a.>", "--all", "--count", "3"])
    #expect(read.output.contains(#""headers":{"A":""}"#), "\(read)")
    #expect(read.output.contains(#""headers":{"A":"","B":"x","C":""}"#), "\(read)")
    #expect(read.output.contains(#"{"type":"DELETED""#), "\(read)")
  }
}
