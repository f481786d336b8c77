// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// What a handler prints is stored, even if the server is gone when it prints it.
@Suite(.timeLimit(.minutes(2))) struct WorkReplyTests {
  @Test(arguments: NATSServer.Version.installed) func aReplyIsStoredOnceAfterAnOutage(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    try bed.publish(1...1, to: "w.x", stream: "W")
    let worker = try bed.start(
      ["work", "w.>", "--durable", "D", "--reply", "r.status"]
        + folder.handler(
          "touch started; until [ -e go ]; do sleep 0.05; done; echo '{\"status\":\"done\"}'; touch ended"))
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.path(name)) }
    try eventually("the handler runs") { exists("started") }
    bed.server.kill()
    _ = try folder.write("", to: "go")
    try eventually("the handler has ended") { exists("ended") }
    try bed.server.restart()
    let again = try bed.reconnected()
    try eventually("the message is acknowledged, which is after its reply", within: .seconds(40)) {
      try again.info("W").state.messages == 0
    }
    #expect(try again.lines("r.>", "--raw") == [#"{"status":"done"}"#])
    worker.send(SIGTERM)
    #expect(try worker.waitForEnd().status == 128 + SIGTERM)
  }

  @Test(arguments: NATSServer.Version.installed) func namesOverlapsAndTheRemedy(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    func work(_ durable: String) throws -> Tool.Outcome {
      try bed.run(["work", "w.>", "--durable", durable, "--until-now", "--", "true"])
    }
    #expect(try work("A").status == 0)
    let second = try work("B")
    #expect(second.status == 69 && second.diagnostics.contains("--durable"), "\(second)")
    let folder = try TemporaryDirectory()
    let stream = try folder.write(#"{"name":"V","subjects":["w.y"]}"#, to: "stream.json")
    let created = try bed.run(["publish", "w.y", "--create-stream", stream])
    #expect(
      created.status == 69 && created.diagnostics.contains("create stream V: another stream"), "\(created)")
  }

  /// The defaults of the flags, by the binary's own help.
  @Test func theDefaultRetriesAreThoseOfTheDocument() throws {
    let help = try Tool.run("natswatch", ["work", "--help"]).output
    for (flag, value) in [
      ("--retries <n>", "10"), ("--retry-initial <duration>", "1s"), ("--retry-max <duration>", "5m"),
    ] {
      let text = help.split(separator: flag).dropFirst().first ?? ""
      let entry = text.split(separator: "\n  --").first ?? ""
      #expect(entry.contains("(default: \(value))"), "\(flag): \(entry)")
    }
  }
}
