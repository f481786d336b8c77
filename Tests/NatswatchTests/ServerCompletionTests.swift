// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import NatswatchCore

/// Completions that come from the server. `CommandTests` tests the shells themselves.
@Suite(.timeLimit(.minutes(3))) struct ServerCompletionTests {
  @Test(arguments: NATSServer.Version.installed) func offersStreamsSubjectsAndDurables(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    try bed.createConsumer(#""max_ack_pending":10"#)
    for (typed, words) in [
      ("natswatch tail --stream ", ["DLQ", "R", "W"]), ("natswatch tail --stream D", ["DLQ"]),
      ("natswatch d", ["dlq.>\tDLQ"]), ("natswatch work --stream W ", ["w.>\tW"]),
      ("natswatch work --durable ", ["D"]), ("natswatch work --stream R --durable ", []),
      ("natswatch tail --stream 'no such' ", []), ("natswatch publish d", []),
    ] {
      let outcome = try bed.run(["---complete", "fish", typed])
      #expect(outcome.status == 0 && outcome.lines.sorted() == words, "\(typed): \(outcome)")
    }
  }

  @Test func offersNothingWithoutAServer() throws {
    let started = ContinuousClock.now
    let outcome = try Tool.run(
      "natswatch", ["---complete", "fish", "natswatch tail --stream "],
      environment: ["NATS_URL": "nats://127.0.0.1:1"])
    #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome)")
    #expect(ContinuousClock.now - started < .seconds(4))
  }
}
