// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// The rights that the manual lists are sufficient for work and publish. If one is missing, the run ends with
/// 77 at once.
@Suite(.timeLimit(.minutes(3))) struct LeastRightsTests {
  private static let work = [
    "$JS.API.STREAM.INFO.W", "$JS.API.CONSUMER.INFO.W.D", "$JS.API.CONSUMER.DURABLE.CREATE.W.D",
    "$JS.API.CONSUMER.MSG.NEXT.W.D", "$JS.ACK.W.D.>", "dlq.w.bad", "r.x", "h.beat",
  ]

  private func bed(_ version: NATSServer.Version, publish: [String], subscribe: String = "_INBOX_w.>") throws
    -> (Bed, [String: String])
  {
    let rights = publish.map { "\"\($0)\"" }.joined(separator: ", ")
    let server = try NATSServer.start(
      version,
      configuration: """
        authorization { users: [
          { user: admin, password: secret }
          { user: worker, password: w, permissions: { publish: [\(rights)], subscribe: ["\(subscribe)"] } }
        ] }
        """)
    let bed = try Bed(server, user: "admin", password: "secret")
    try bed.createStream("W", ["w.>"])
    try bed.createStream("DLQ", ["dlq.>"])
    try bed.createStream("R", ["r.>"])
    for subject in ["w.good", "w.bad"] {
      #expect(bed.jetStream.connection.publish(Array("{}".utf8), to: subject))
    }
    return (bed, ["NATS_USER": "worker", "NATS_PASSWORD": "w"])
  }

  private let flags = [
    "work", "w.>", "--stream", "W", "--durable", "D", "--inbox-prefix", "_INBOX_w", "--reply", "r.x",
    "--heartbeat",
    "h.beat", "--retries", "1", "--retry-initial", "50ms", "--until-now", "--timeout", "20s", "--", "/bin/sh",
    "-c",
    "case $NATSWATCH_SUBJECT in *bad) exit 1;; esac; echo reply",
  ]

  @Test(arguments: NATSServer.Version.installed) func theListedRightsSufficeForWork(
    _ version: NATSServer.Version
  )
    throws
  {
    let (bed, user) = try bed(version, publish: Self.work)
    let outcome = try bed.run(flags, environment: user)
    #expect(outcome.status == 0 && outcome.diagnostics.contains("counted by this process only"), "\(outcome)")
    #expect(try bed.info("R").state.messages == 1 && bed.info("DLQ").state.messages == 1)
  }

  @Test(arguments: NATSServer.Version.installed) func theNewerRightToCreateSuffices(
    _ version: NATSServer.Version
  ) throws {
    let modern = "$JS.API.CONSUMER.CREATE.W.D.w.>"
    let tries = [
      "$JS.API.STREAM.CREATE.KV_natswatch-tries", "$JS.API.STREAM.MSG.GET.KV_natswatch-tries",
      "$KV.natswatch-tries.>",
    ]
    let (bed, user) = try bed(
      version, publish: Self.work.map { $0.contains("DURABLE") ? modern : $0 } + tries)
    let outcome = try bed.run(flags, environment: user)
    #expect(outcome.status == 0 && !outcome.diagnostics.contains("only"), "\(outcome)")
  }

  @Test(arguments: NATSServer.Version.installed, Self.work)
  func workWithoutARightEndsWith77(_ version: NATSServer.Version, _ missing: String) throws {
    let (bed, user) = try bed(version, publish: Self.work.filter { $0 != missing })
    let started = ContinuousClock.now
    let outcome = try bed.run(flags, environment: user)
    #expect(outcome.status == 77, "without \(missing): \(outcome)")
    #expect(ContinuousClock.now - started < .seconds(10), "without \(missing)")
  }

  @Test(arguments: NATSServer.Version.installed) func theInboxIsRequired(
    _ version: NATSServer.Version
  ) throws {
    let (bed, user) = try bed(version, publish: Self.work + ["w.x"], subscribe: "_OTHER.>")
    #expect(try bed.run(flags, environment: user).status == 77)
    let publish = try bed.run(["publish", "w.x"], stdin: "{}\n", environment: user)
    #expect(publish.status == 77, "\(publish)")
  }

  @Test(arguments: NATSServer.Version.installed) func publishNeedsOnlyItsSubjects(
    _ version: NATSServer.Version
  ) throws {
    let (bed, user) = try bed(version, publish: ["w.x"])
    let flags = ["--inbox-prefix", "_INBOX_w"]
    #expect(try bed.run(["publish", "w.x"] + flags, stdin: "{}\n", environment: user).status == 0)
    let denied = try bed.run(["publish", "w.y"] + flags, stdin: "{}\n", environment: user)
    #expect(denied.status == 77 && denied.diagnostics.contains("w.y"), "\(denied)")
  }
}
