// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Encoding
@testable import Events
@testable import JSON
@testable import Lines
@testable import Process

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite struct EnvelopeTests {
  @Test func wrapsTheObjectByteForByte() {
    let object = Array(#"{ "n":  9007199254740993,"s":"\u00e9" }"#.utf8)
    #expect(
      text(EventLine.make(.added, object: object))
        == #"{"type":"ADDED","object":{ "n":  9007199254740993,"s":"\u00e9" }}"# + "\n")
    #expect(
      text(EventLine.make(.deleted, object: Array("{}".utf8), source: Array(#"{"cluster":"c"}"#.utf8)))
        == #"{"type":"DELETED","object":{},"source":{"cluster":"c"}}"# + "\n")
  }

  @Test func escapesWhatJSONForbids() throws {
    let hostile = "quote\" back\\slash \n\r\t \u{01}\u{1f} é \u{1F600} \u{7f}"
    let json = JSONText.string(hostile)
    #expect(try JSONDecoder().decode(String.self, from: Data(json.utf8)) == hostile)
    #expect(!json.utf8.contains { $0 < 0x20 })
  }

  @Test func writesAStatusAsTheAPIServerDoes() {
    #expect(
      text(Status.expired("too old").errorLine)
        == #"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old","reason":"Expired","code":410}}"#
        + "\n")
  }
}

@Suite struct StreamStatusTests {
  static var status: StreamStatus {
    var status = StreamStatus(
      tool: "kwatch", scope: [("cluster", "prod"), ("resource", "pods"), ("namespace", "*")], mode: .watch,
      health: .healthy, reason: .none, since: Timestamp(nanoseconds: 0))
    status.isConnected = true
    status.resourceVersion = "42"
    return status
  }

  @Test func printsTheKeysOfTheContract() {
    #expect(
      text(Self.status.line)
        == #"{"type":"STATUS","object":{"tool":"kwatch","scope":{"cluster":"prod","resource":"pods","namespace":"*"},"mode":"watch","health":"healthy","reason":"","since":"1970-01-01T00:00:00.000Z","connected":true,"delivering":false,"polling":{"enabled":false,"intervalSeconds":10},"lastEvent":null,"resourceVersion":"42","reconnects":0,"resyncs":0,"errors":0}}"#
        + "\n")
  }

  @Test func writesToTheDestinationOfTheFlag() throws {
    #expect(StatusSink.Destination(flag: "inline") == .inline)
    #expect(StatusSink.Destination(flag: "stderr") == .descriptor(2))
    #expect(StatusSink.Destination(flag: "fd:3") == .descriptor(3))
    #expect(StatusSink.Destination(flag: "status.ndjson") == .file("status.ndjson"))
    for bad in ["", "fd:", "fd:x", "fd:-1"] { #expect(StatusSink.Destination(flag: bad) == nil) }
  }

  @Test func refusesAPipeThatNoProcessReads() throws {
    let directory = try TemporaryDirectory()
    let pipe = directory.url.appending(path: "pipe").path
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    let output = OutputWriter(descriptor: -1)
    let error = #expect(throws: OutputError.self) { try StatusSink(.file(pipe), output: output) }
    #expect(error?.description.contains("no process reads") == true)
    let reader = unsafe open(pipe, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    try StatusSink(.file(pipe), output: output).write(Self.status)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe read(reader, &bytes, bytes.count)
    #expect(Array(bytes.prefix(max(0, count))) == Self.status.line)
  }

  @Test func appendsToItsFile() throws {
    let directory = try TemporaryDirectory()
    try directory.write("first\n", to: "status")
    let sink = try StatusSink(.file(directory.path("status")), output: OutputWriter())
    try sink.write(Self.status)
    #expect(try directory.read("status") == "first\n" + text(Self.status.line))
  }

  @Test func refusesADescriptorThatIsNotOpen() {
    #expect(throws: OutputError.self) { _ = try StatusSink(.descriptor(987), output: OutputWriter()) }
  }
}

@Suite struct TimestampTests {
  static let cases: [(seconds: Int64, text: String)] = [
    (0, "1970-01-01T00:00:00.000Z"), (951_782_400, "2000-02-29T00:00:00.000Z"),
    (1_795_219_199, "2026-11-20T23:59:59.000Z"), (-1, "1969-12-31T23:59:59.000Z"),
    (4_107_542_400, "2100-03-01T00:00:00.000Z"),
  ]

  @Test(arguments: cases) func printsRFC3339(_ each: (seconds: Int64, text: String)) {
    #expect(Timestamp(nanoseconds: each.seconds * 1_000_000_000).description == each.text)
  }
}

@Suite struct StateFileTests {
  @Test func replacesTheWholeFile() throws {
    let directory = try TemporaryDirectory()
    let state = StateFile(path: directory.path("state"))
    #expect(try state.read() == nil)
    try state.write(Array("one, and rather long".utf8))
    try state.write(Array("two".utf8))
    #expect(try state.read() == Array("two".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["state"])
  }

  @Test func refusesAPipeAndADevice() throws {
    let directory = try TemporaryDirectory()
    let pipe = directory.path("pipe")
    let made = unsafe mkfifo(pipe, 0o600)
    #expect(made == 0)
    for path in [pipe, "/dev/zero", "/dev", ""] {
      let state = StateFile(path: path)
      let isRefused = { (error: any Error) in "\(error)".contains("'\(path)' is not a regular file") }
      #expect(performing: { try state.write([]) }, throws: isRefused)
      #expect(performing: { _ = try state.read() }, throws: isRefused)
    }
  }

  @Test func namesTheFileItCannotWrite() throws {
    let state = StateFile(path: "/dev/null/state")
    #expect {
      try state.write([])
    } throws: {
      "\($0)" == "write state file '/dev/null/state': Not a directory"
    }
  }
}
