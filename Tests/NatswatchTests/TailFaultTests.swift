// SPDX-License-Identifier: Apache-2.0

import Encoding
import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// Tails with an unexpected state of the server, the stream or a file.
@Suite(.timeLimit(.minutes(4))) struct TailFaultTests {
  // MARK: - Several subjects, last messages

  @Test(arguments: NATSServer.Version.installed) func startsAtTheLastMessageOfSeveralSubjects(
    _ version: NATSServer.Version
  )
    throws
  {
    let bed = try Bed(version)
    try bed.createStream("S", ["a.>", "b.>"])
    for subject in ["a.1", "a.2", "a.1", "a.3", "b.4"] { try bed.publish(1...1, to: subject) }
    func run(_ flags: String...) throws -> [UInt64] {
      let outcome = try bed.run(["--stream", "S", "--until-now"] + flags)
      #expect(outcome.status == 0, "\(outcome)")
      return sequences(in: outcome.output)
    }
    #expect(try run("a.1", "a.2", "--last") == [3])
    #expect(try run("a.1", "a.2", "--last-per-subject") == [2, 3])
    if version == .current { #expect(try run("a.1", "b.4", "--last-per-subject") == [3, 5]) }
    // An old server cannot serve these subjects, because they are not within one subject of the stream. It
    // reports that.
    if version == .debian {
      let outcome = try bed.run(["a.1", "b.4", "--stream", "S", "--until-now", "--last-per-subject"])
      #expect(outcome.status == 69 && outcome.diagnostics.contains("2.10"), "\(outcome)")
    }
    #expect(try run("a.1", "b.4", "--last") == [5])
    #expect(try run("a.8", "a.9", "--last") == [])
  }

  /// New messages that arrive while the first pass is cut are all delivered, older ones once.
  @Test(arguments: NATSServer.Version.installed) func aCutFirstPassKeepsNewMessages(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed(version)
    let relay = try Relay(to: bed.server.port)
    defer { relay.close() }
    let folder = try TemporaryDirectory()
    try bed.createStream("S", ["a.>"], more: #","max_msgs_per_subject":5"#)
    let subjects = 20_000
    let payload = Array("{\"v\":0,\"pad\":\"\(String(repeating: "x", count: 600))\"}".utf8)
    for number in 0..<subjects {
      bed.jetStream.connection.publish(payload, to: "a.s\(number)")
      if number % 5_000 == 0 { bed.jetStream.connection.flush(milliseconds: 10_000) }
    }
    try eventually("all is stored", within: .seconds(60)) {
      (try? bed.info().state.messages) == UInt64(subjects)
    }
    let pipe = try Tool.shell(
      "natswatch 'a.>' --last-per-subject --server nats://127.0.0.1:\(relay.port) 2>err "
        + "| (until [ -e go ]; do sleep 0.1; done; cat >out)", in: folder.url)
    try eventually("the tail has its consumer") { try !bed.consumers().isEmpty }
    relay.cutConnections()
    for version in 1...3 {
      #expect(bed.jetStream.connection.publish(Array("{\"v\":\(version)}".utf8), to: "a.s\(subjects - 1)"))
    }
    for version in 1...2 {
      #expect(bed.jetStream.connection.publish(Array("{\"v\":\(version)}".utf8), to: "a.new"))
    }
    bed.jetStream.connection.flush(milliseconds: 5_000)
    _ = try folder.write("", to: "go")
    try eventually("the new messages are out", within: .seconds(60)) {
      (try? folder.read("out"))?.contains("\"sequence\":\(subjects + 5),") == true
    }
    pipe.send(SIGTERM)
    let seen = sequences(in: try folder.read("out"))
    #expect(seen == Array(Set(seen)).sorted(), "in order and once")
    // The subject that changed in the meantime may start with its new messages.
    let missing = Set(1...UInt64(subjects + 5)).subtracting([UInt64(subjects)]).subtracting(seen).sorted()
    let log = try folder.read("err")
    #expect(missing.isEmpty, "\(log)")
  }

  @Test func subjectsOfATransform() throws {
    let bed = try Bed(.current)
    try bed.createStream("T", ["in.>"], more: #","subject_transform":{"src":"in.>","dest":"out.>"}"#)
    #expect(bed.jetStream.connection.publish(Array("{}".utf8), to: "in.x"))
    try eventually("stored") { try bed.info("T").state.messages == 1 }
    for filter in ["out.>", "out.x", ">"] {
      let outcome = try bed.run([filter, "--stream", "T", "--all", "--until-now"])
      #expect(sequences(in: outcome.output) == [1] && outcome.output.contains("out.x"), "\(outcome)")
      #expect(outcome.diagnostics.isEmpty)
    }
    for command in [["tail", "--all"], ["work", "--durable", "D", "--dlq", "none"]] {
      let flags = command.dropFirst() + ["--stream", "T", "--until-now"]
      let outcome = try bed.run([command[0], "in.>"] + flags + (command[0] == "work" ? ["--", "true"] : []))
      #expect(outcome.status == 0 && outcome.diagnostics.contains("none of them matches in.>"), "\(outcome)")
    }
  }

  @Test(arguments: NATSServer.Version.installed) func mirrorsAndSources(_ version: NATSServer.Version) throws
  {
    let bed = try Bed(version)
    try bed.createStream("S", ["a.>"])
    try bed.publish(1...3)
    for (name, origin) in [("M", #""mirror":{"name":"S"}"#), ("G", #""sources":[{"name":"S"}]"#)] {
      try bed.jetStream.createStream(Array("{\"name\":\"\(name)\",\(origin)}".utf8))
      try eventually("\(name) has all") { try bed.info(name).state.messages == 3 }
      let outcome = try bed.run(["a.x", "--stream", name, "--all", "--until-now"])
      #expect(sequences(in: outcome.output) == [1, 2, 3], "\(outcome)")
    }
  }

  // MARK: - Where it starts and ends

  @Test(arguments: NATSServer.Version.installed) func endsAtItsLimits(_ version: NATSServer.Version) throws {
    let bed = try Bed(version)
    try bed.createStream("S", ["a.>", "b.>"])
    try bed.publish(1...5)
    let middle = RFC3339.text(nanoseconds: Timestamp.now.nanoseconds)
    try bed.publish(6...9)
    func run(_ flags: String...) throws -> [UInt64] {
      let outcome = try bed.run(["a.>", "--all"] + flags, deadline: .seconds(15))
      #expect(outcome.status == 0, "\(outcome)")
      return sequences(in: outcome.output)
    }
    #expect(try run("--until-seq", "7") == Array(1...7))
    #expect(try run("--until", middle) == Array(1...5))
    #expect(try run("--until", "0s") == Array(1...9))
    try bed.publish(10...10, to: "b.x")
    #expect(try run("--until-seq", "10") == Array(1...9), "the end is another subject's")
    #expect(try bed.run(["a.>", "--since-seq", "9", "--until-seq", "4"]).status == 0)
    #expect(try bed.run(["a.>", "--until", "tomorrow"]).status == 64)
  }

  @Test(arguments: NATSServer.Version.installed) func waitsForAStartInTheFuture(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed(version)
    try bed.createStream()
    let tail = try bed.startTail(["a.>", "--since", "2035-01-01T00:00:00Z", "--bookmarks"])
    try bed.publish(1...3)
    tail.send(SIGTERM)
    #expect(sequences(in: try tail.waitForEnd().output).isEmpty)
  }

  @Test(arguments: NATSServer.Version.installed) func headersWithoutPayloads(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    try bed.publish(1...2)
    let outcome = try bed.run(["a.>", "--all", "--until-now", "--headers-only"])
    #expect(outcome.lines.count == 2, "\(outcome)")
    #expect(outcome.lines.allSatisfy { $0.hasPrefix(#"{"type":"ADDED","object":{},"source":{"#) })
    #expect(outcome.lines.allSatisfy { $0.contains("Nats-Msg-Size") && $0.contains(#""payload":"none"}"#) })
  }

  // MARK: - A stream that comes back

  @Test(arguments: NATSServer.Version.installed) func waitsForAStreamThatIsCreatedAgain(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed(version)
    try bed.createStream()
    try bed.publish(1...2)
    let tail = try bed.startTail(["a.>", "--all", "--on-gone", "continue"])
    try tail.waitForLines(2)
    try bed.delete()
    try eventually("it is reported", within: .seconds(40)) {
      tail.soFar.output.contains(#""code":410"#) && tail.soFar.diagnostics.contains("waiting for the stream")
    }
    try bed.createStream()
    try bed.publish(1...1)
    let lines = try tail.waitForLines(4)
    #expect(sequences(in: lines.joined(separator: "\n")) == [1, 2, 1], "\(lines)")
  }

  // MARK: - The state file

  @Test func anUnwritableStateFileEndsItBeforeTheFirstLine() throws {
    let bed = try Bed(.current)
    let folder = try TemporaryDirectory()
    try bed.createStream()
    try bed.publish(1...3)
    func run(_ path: String) throws -> Tool.Outcome {
      try bed.run(["a.>", "--all", "--until-now", "--state", path])
    }
    for path in [folder.path("missing/state"), "/proc/state"] {
      let outcome = try run(path)
      #expect(
        outcome.status == 74 && outcome.output.isEmpty && outcome.diagnostics.contains(path), "\(outcome)")
    }
    // A symbolic link stays one.
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: folder.path("target"))
    _ = try folder.write("{\"stream\":\"S\",\"created\":\"\(try bed.info().epoch)\",\"seq\":1}", to: "target")
    #expect(sequences(in: try run(folder.path("link")).output) == [2, 3])
    #expect(try folder.read("target").contains("\"seq\":3"))
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("link")) == folder.path("target"))
  }

  @Test func aStateFileHasOneTail() throws {
    let bed = try Bed(.current)
    let folder = try TemporaryDirectory()
    try bed.createStream()
    let tail = try bed.startTail(["a.>", "--state", folder.path("state")])
    let second = try bed.run(["a.>", "--state", folder.path("state"), "--until-now"])
    #expect(second.status == 74 && second.diagnostics.contains("in use"), "\(second)")
    tail.send(SIGTERM)
    _ = try tail.waitForEnd()
    #expect(try bed.run(["a.>", "--state", folder.path("state"), "--until-now"]).status == 0)
  }

  /// A pipe that dies soon after each start still makes progress.
  @Test func theFirstPositionIsStoredAtOnce() throws {
    let bed = try Bed(.current)
    let folder = try TemporaryDirectory()
    try bed.createStream()
    try bed.publish(1...3)
    let tail = try bed.startTail(["a.>", "--all", "--state", folder.path("state")])
    try tail.waitForLines(3)
    try eventually("the position is stored", within: .milliseconds(900)) {
      (try? folder.read("state"))?.contains("\"seq\":3") == true
    }
    tail.send(SIGKILL)
  }

  // MARK: - Memory

  @Test(arguments: NATSServer.Version.installed) func freesTheMemoryOfALargeMessage(
    _ version: NATSServer.Version
  ) throws {
    let server = try NATSServer.start(
      version, configuration: "max_payload: 33554432\nmax_pending: 67108864\n")
    let jetStream = try Bed.connect(server.url)
    try createStreamEventually(jetStream, "S", ["a.>"])
    let large = [UInt8](repeating: 0x78, count: 30 << 20)
    #expect(jetStream.connection.publish(large, to: "a.x"))
    jetStream.connection.flush(milliseconds: 20_000)
    for _ in 0..<200 { jetStream.connection.publish(Array("{}".utf8), to: "a.x") }
    jetStream.connection.flush(milliseconds: 20_000)
    try eventually("stored", within: .seconds(30)) { try jetStream.streamInfo("S").state.messages == 201 }
    let folder = try TemporaryDirectory()
    let shell = try Tool.shell(
      "natswatch 'a.>' --all --on-error wrap >out & pid=$!; "
        + "until [ $(wc -l <out) = 201 ]; do sleep 0.1; done; grep VmRSS /proc/$pid/status; kill $pid; wait $pid",
      environment: ["NATS_URL": server.url], in: folder.url)
    let line = try shell.waitForLines(1)[0]
    let kilobytes = Int(line.filter(\.isNumber)) ?? .max
    #expect(kilobytes < 80_000, "\(line)")
  }
}
