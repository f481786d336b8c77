// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import WfanoutCore

struct ConfigurationTests {
  func read(_ text: String) throws -> Configuration {
    var configuration = Configuration()
    try ConfigurationFile(path: "f.yaml").apply(Array(text.utf8), to: &configuration)
    return configuration
  }

  @Test func setsWhatAFileSays() throws {
    let configuration = try read(
      """
      # heartbeats
      ws-heartbeat: 20s
      ws-heartbeat-timeout: "5s"
      listen: [":1", "unix:/s"]
      ring: 1MiB
      queue: 100
      overflow: disconnect
      snapshot: true
      """)
    #expect(configuration.limits.pingSeconds == 20)
    #expect(configuration.limits.pongSeconds == 5)
    #expect(configuration.listen.map { "\($0)" } == ["127.0.0.1:1", "unix:/s"])
    #expect(configuration.ringLimit == 1 << 20)
    #expect(configuration.rule.queueLimit == 100)
    #expect(configuration.rule.policy == .disconnect)
    #expect(configuration.keepsSnapshot)
    #expect(try read("").limits.pingSeconds == 30)
    #expect(try read(#"{"max-clients": 7}"#).clientLimit == 7)
  }

  struct Refused: Sendable, CustomTestStringConvertible {
    var text: String
    var says: String
    var testDescription: String { text }
  }

  static let refused = [
    Refused(
      text: "ring: 1MiB\nws-hartbeat: 1s",
      says: "configuration 'f.yaml': line 2: unknown key 'ws-hartbeat'; did you mean 'ws-heartbeat'?"),
    Refused(
      text: "nothing-like-it: 1", says: "configuration 'f.yaml': line 1: unknown key 'nothing-like-it'"),
    Refused(
      text: "\nstall: soon",
      says:
        "configuration 'f.yaml': line 2: stall 'soon': wanted a duration of whole seconds from 1s to 24h, "
        + "as 10s or 1m30s"
    ),
    Refused(
      text: "queue: [1]", says: "configuration 'f.yaml': line 1: queue: wanted a number of events, at least 1"
    ),
    Refused(text: "queue: 1\nqueue: 2", says: "configuration 'f.yaml': line 2: 'queue' is also in line 1"),
    Refused(text: "- a", says: "configuration 'f.yaml': it is not a mapping of keys to values"),
  ]

  @Test(arguments: refused) func refusesWhatItDoesNotKnow(_ row: Refused) {
    let error = #expect(throws: ConfigurationFile.ReadError.self) { try read(row.text) }
    #expect(error?.description == row.says)
  }

  @Test func aFlagWinsOverTheFile() throws {
    let fanout = try Fanout(["--max-clients", "1"], configuration: "max-clients: 5\nlisten: ':1'")
    let one = try fanout.listening("/events")
    #expect(try fanout.curl("/events", ["-w", "%{http_code}"]).output.hasSuffix("503"))
    one.send(15)
  }

  @Test func aFileThatIsWrongEndsIt() throws {
    let directory = try TemporaryDirectory()
    let outcome = try Tool.run("wfanout", ["--config", try directory.write("a: [", to: "bad.yaml")])
    #expect(outcome.status == 78)
    #expect(outcome.diagnostics.contains("bad.yaml': not YAML: line "))
    #expect(try Tool.run("wfanout", ["--config", "/nonexistent"]).status == 78)
    #expect(try Tool.run("wfanout", ["--heartbeat", "soon"]).status == 64)
  }
}
