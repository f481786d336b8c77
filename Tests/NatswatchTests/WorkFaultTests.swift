// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// Failures that `natswatch work` must refuse, report, clean up after or survive.
@Suite(.timeLimit(.minutes(3))) struct WorkFaultTests {
  @Test(arguments: NATSServer.Version.installed) func durablesGetTheirOwnMessages(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version, retention: "limits")
    try bed.publish(1...3, to: "w.a", stream: "W")
    for durable in ["k8s", "vm"] {
      let outcome = try bed.run(
        [
          "work", "w.>", "--durable", durable, "--reply", "r.status", "--until-now", "--", "/bin/sh", "-c",
          "echo \(durable)",
        ])
      #expect(outcome.status == 0, "\(outcome)")
    }
    #expect(try bed.lines("r.>", "--raw") == ["k8s", "k8s", "k8s", "vm", "vm", "vm"])
    for durable in ["bill", "mail"] {
      #expect(
        try bed.run(["work", "w.>", "--durable", durable, "--until-now", "--", "/bin/sh", "-c", "exit 65"])
          .status == 0)
    }
    let letters = try bed.lines("dlq.>")
    let durables = letters.map { $0.contains(#""Natswatch-Durable":"bill""#) ? "bill" : "mail" }
    #expect(durables == ["bill", "bill", "bill", "mail", "mail", "mail"], "\(letters)")
    #expect(try bed.lines("r.>").allSatisfy { $0.contains(#""Natswatch-Durable":""#) })
  }

  @Test(arguments: NATSServer.Version.installed) func refusesDurablesWithOtherSettings(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    for (name, setting, word) in [
      ("md", #""max_deliver":2"#, "max_deliver"), ("aw", #""ack_wait":5000000000"#, "ack_wait"),
      ("fs", #""filter_subject":"w.other""#, "w.other"), ("ho", #""headers_only":true"#, "headers"),
    ] {
      try bed.createStream("S\(name)", ["\(name).>"])
      let filter = setting.contains("filter") ? "" : ",\"filter_subject\":\"\(name).>\""
      _ = try bed.ask(
        "CONSUMER.DURABLE.CREATE.S\(name).\(name)",
        """
        {"stream_name":"S\(name)","config":{"durable_name":"\(name)","ack_policy":"explicit",\
        \(setting.replacingOccurrences(of: "w.other", with: "fs.other"))\(filter)}}
        """)
      let refused = try bed.run(
        [
          "work", "\(name).>", "--durable", name, "--ack-wait", "30s", "--until-now", "--dlq", "none", "--",
          "true",
        ])
      #expect(refused.status == 78, "\(refused)")
      #expect(
        refused.diagnostics.contains(word.replacingOccurrences(of: "w.other", with: "fs.other")), "\(refused)"
      )
    }
    let accepted = try bed.run(
      ["work", "aw.>", "--durable", "aw", "--until-now", "--dlq", "none", "--", "true"])
    #expect(accepted.status == 0, "an ack_wait that was not asked for is the consumer's own: \(accepted)")
  }

  @Test(arguments: NATSServer.Version.installed) func subjectsAreMergedAndNoConsumerIsLeft(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    try bed.publish(1...2, to: "w.a", stream: "W")
    let both = try bed.run([
      "work", "w.>", "w.a", "w.*", "--durable", "ov", "--until-now", "--", "/bin/echo", "x",
    ])
    #expect(both.status == 0 && both.lines.count == 2, "\(both)")
    let again = try bed.run(["work", "w.a", "w.>", "--durable", "ov", "--until-now", "--", "true"])
    #expect(again.status == 0, "\(again)")
    let folder = try TemporaryDirectory()
    try bed.createStream("T", ["t.>"])
    for (flags, status) in [
      (["--", "/no/such/command"], 64), (["--", folder.path("")], 64),
      (["--journal", "/no/such/folder/journal", "--", "true"], 74),
      (["--dlq", "nobody.{subject}", "--", "true"], 66),
      (["--journal", "/dev/full", "--", "true"], 74),
    ] {
      _ = bed.jetStream.connection.publish(Array("{}".utf8), to: "t.a")
      let failed = try bed.run(["work", "t.>", "--durable", "D", "--until-now"] + flags)
      #expect(failed.status == Int32(status), "\(flags): \(failed)")
    }
    let crossing = try bed.run(["work", "t.*", "*.a", "--durable", "D", "--until-now", "--", "true"])
    #expect(crossing.status == 64 && crossing.diagnostics.contains("overlap"), "\(crossing)")
    #expect(try bed.consumers(of: "T").filter { $0 != "D" }.isEmpty)
  }

  /// The handler and its children end with natswatch, even if it is killed.
  @Test(arguments: [SIGTERM, SIGKILL]) func handlersDoNotOutliveIt(_ signal: Int32) throws {
    let bed = try Bed.forWork(.debian)
    let folder = try TemporaryDirectory()
    try bed.publish(1...1, to: "w.a", stream: "W")
    let worker = try bed.start(
      ["work", "w.>", "--durable", "D", "--drain-timeout", "10ms"]
        + folder.handler(
          "sh -c 'echo $$ >>pids; trap \"\" TERM; while :; do sleep 0.1; done' & echo $$ >>pids; wait"))
    try eventually("the handler and its child run") {
      ((try? folder.read("pids")) ?? "").split(separator: "\n").count == 2
    }
    let pids = try folder.read("pids").split(separator: "\n").compactMap { Int32($0) }
    worker.send(signal)
    #expect(try worker.waitForEnd().status == 128 + signal)
    try eventually("both are gone") { pids.allSatisfy { kill($0, 0) != 0 } }
  }

  @Test(arguments: NATSServer.Version.installed) func theBreakerStopsPullsUnderWay(
    _ version: NATSServer.Version
  )
    throws
  {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    let worker = try bed.start(
      [
        "work", "w.>", "--durable", "D", "-j", "8", "--breaker", "2", "--retries", "0", "--breaker-pause",
        "60s",
      ]
        + folder.handler("echo run >>runs; exit 1"))
    try eventually("it waits for messages") { try bed.consumers(of: "W") == ["D"] }
    for number in 1...6 {
      try bed.publish(number...number, to: "w.a", stream: "W")
      if number <= 2 {
        try eventually("it is handled") {
          ((try? folder.read("runs")) ?? "").split(separator: "\n").count == number
        }
      }
      // The failure is counted after the handler has ended. Until then another message may be handled.
      if number == 2 { try worker.waitForDiagnostics("2 failures in a row") }
    }
    let healthy = try bed.run(["work", "w.>", "--durable", "D", "--until-now", "--", "/bin/echo", "x"])
    #expect(healthy.status == 0 && healthy.lines.count == 4, "\(healthy)")
    #expect(try folder.read("runs").split(separator: "\n").count == 2)
    #expect(try bed.info("DLQ").state.messages == 2)
  }

  @Test(arguments: NATSServer.Version.installed) func keepsDeadLettersOfAnySize(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed.forWork(version)
    let limit = bed.jetStream.connection.payloadLimit
    for size in [limit, limit - 100, limit - 500, 10] {
      let payload = Array(repeating: UInt8(ascii: "x"), count: size)
      #expect(bed.jetStream.connection.publish(payload, to: "w.a"))
    }
    try eventually("stored", within: .seconds(30)) { try bed.info("W").state.messages == 4 }
    let outcome = try bed.run([
      "work", "w.>", "--durable", "D", "--retries", "0", "--until-now", "--", "false",
    ])
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try bed.info("W").state.messages == 0)
    let sizes = try bed.lines("dlq.>", "--raw").map(\.utf8.count)
    #expect(sizes.sorted() == [10, limit - 500, limit - 100, limit])
  }

  @Test(arguments: NATSServer.Version.installed) func aRefusedDeadLetterIsWrittenToTheJournal(
    _ version: NATSServer.Version
  )
    throws
  {
    let bed = try Bed(version)
    try bed.createStream("W", ["w.>"])
    try bed.createStream("DLQ", ["dlq.>"], more: #","max_msg_size":400"#)
    let folder = try TemporaryDirectory()
    try bed.publish(1...1, to: "w.a", stream: "W", padding: 1000)
    let outcome = try bed.run(
      [
        "work", "w.>", "--durable", "D", "--retries", "0", "--journal", folder.path("journal"), "--until-now",
        "--",
        "false",
      ])
    #expect(outcome.status == 0, "\(outcome)")
    let letters = try bed.lines("dlq.>")
    #expect(letters.count == 1 && letters[0].contains("Natswatch-Payload"), "\(letters)")
    #expect(try folder.read("journal").contains("payload_base64"))
  }

  @Test func aJournalThatFillsUpEndsTheRun() throws {
    let bed = try Bed.forWork(.debian)
    let folder = try TemporaryDirectory()
    try bed.publish(1...50, to: "w.a", stream: "W")
    // RLIMIT_FSIZE makes write(2) fail with EFBIG, as a full disk does with ENOSPC.
    let limited = try Tool.shell(
      "ulimit -f 4; trap '' XFSZ; natswatch work 'w.>' --durable D --journal \(folder.path("journal")) --until-now -- true",
      environment: bed.environment)
    let outcome = try limited.waitForEnd()
    #expect(outcome.status == 74 && outcome.diagnostics.contains("--journal"), "\(outcome)")
    #expect(try bed.info("W").state.messages > 0, "what is not in the journal is not acknowledged")
  }

  @Test(arguments: NATSServer.Version.installed) func commandsThatVanishEndTheRun(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    let script = try folder.write("#!/bin/sh\nrm -f \"$0\"\n", to: "once")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
    try bed.publish(1...3, to: "w.a", stream: "W")
    let outcome = try bed.run([
      "work", "w.>", "--durable", "D", "--retries", "0", "--until-now", "--", script,
    ])
    #expect(outcome.status == 64 && outcome.diagnostics.contains(script), "\(outcome)")
    #expect(try bed.info("DLQ").state.messages == 0 && bed.info("W").state.messages == 2)
  }

  @Test func reportsTooMuchOutput() throws {
    let bed = try Bed.forWork(.debian)
    try bed.publish(1...1, to: "w.a", stream: "W")
    let outcome = try bed.run(
      [
        "work", "w.>", "--durable", "D", "--retries", "0", "--reply", "r.x", "--until-now", "--",
        "/usr/bin/yes",
      ])
    #expect(outcome.status == 0 && outcome.diagnostics.contains("printed more than 64 MiB"), "\(outcome)")
  }

  @Test func handlersMayCloseTheirOutputs() throws {
    let bed = try Bed.forWork(.debian)
    let folder = try TemporaryDirectory()
    try bed.publish(1...20, to: "w.a", stream: "W")
    let worker = try bed.start(
      ["work", "w.>", "--durable", "D", "-j", "20", "--reply", "r.x"]
        + folder.handler("echo run >>runs; exec >/dev/null 2>/dev/null; sleep 5"))
    try eventually("all run") { ((try? folder.read("runs")) ?? "").split(separator: "\n").count == 20 }
    let before = try cpuTicks(worker.processIdentifier)
    Thread.sleep(forTimeInterval: 2)
    let used = try cpuTicks(worker.processIdentifier) - before
    #expect(used < 20, "\(used) hundredths of a second in two seconds")
  }

  private func cpuTicks(_ process: Int32) throws -> Int {
    let fields = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8).split(separator: " ")
    return (Int(fields[13]) ?? 0) + (Int(fields[14]) ?? 0)
  }
}
