// SPDX-License-Identifier: Apache-2.0
import Process
import TestSupport
import Testing

@testable import WfanoutCore

struct ConfigurationTests {
  func read(_ text: String) throws -> Configuration {
    var configuration = Configuration()
    try ConfigurationFile(path: "f.yaml").apply(Array(text.utf8), to: &configuration)
    return configuration
  }

  @Test func appliesTheSettingsOfAFile() throws {
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
    let defaults = try read("")
    #expect(defaults.limits.pingSeconds == 30 && defaults.limits.pongSeconds == 10)
    #expect(defaults.clientLimit == 1000 && defaults.grace == .seconds(10))
    #expect(try read(#"{"max-clients": 7}"#).clientLimit == 7)
  }

  @Test func readsOriginsAndNamesAsBrowsersWriteThem() throws {
    let configuration = try read(
      "cors: ['HTTPS://App.example:443', 'http://b.example:8080, capacitor://localhost']\nhost: A.example,b.example"
    )
    #expect(
      configuration.corsOrigins == ["https://app.example", "http://b.example:8080", "capacitor://localhost"])
    #expect(configuration.hosts == ["a.example", "b.example"])
    for text in [
      "cors: app.example", "cors: https://app.example/", "cors: https://app.example/x",
      "cors: 'https://*.example'",
      "cors: 'null'", "cors: ''", "cors: 'https://a.example,'", "cors: https://u@a.example",
      "cors: https://a.example:x",
      "host: a.example:80", "host: a/b", "host: ''", "host: '*.example'",
    ] {
      #expect(throws: ConfigurationFile.ReadError.self, "\(text)") { try read(text) }
    }
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
      text: "ring: 1MiB\n---\nqueue: 5",
      says: "configuration 'f.yaml': line 3: a second document begins here, but all settings must be in one"),
    Refused(
      text: "---\n---\nnothing-like-it: 1",
      says: "configuration 'f.yaml': line 3: unknown key 'nothing-like-it'"),
    Refused(
      text: "nothing-like-it: 1", says: "configuration 'f.yaml': line 1: unknown key 'nothing-like-it'"),
    Refused(
      text: "\nstall: soon",
      says:
        "configuration 'f.yaml': line 2: stall 'soon': expected a duration of whole seconds from 1s to 24h, "
        + "as 10s or 1m30s"
    ),
    Refused(
      text: "queue: [1]",
      says: "configuration 'f.yaml': line 1: queue: expected a number of events, at least 1"
    ),
    Refused(text: "queue: 1\nqueue: 2", says: "configuration 'f.yaml': line 2: 'queue' is also in line 1"),
    Refused(
      text: "routes:\n - path: /a\n   path: /b",
      says:
        "configuration 'f.yaml': line 1: routes: expected a list of mappings with a path, and filter, "
        + "fieldSelector, labelSelector or type, each once; line 3 has another 'path'"),
    Refused(text: "- a", says: "configuration 'f.yaml': it is not a mapping of keys to values"),
  ]

  @Test(arguments: refused) func refusesUnknownKeys(_ row: Refused) {
    let error = #expect(throws: ConfigurationFile.ReadError.self) { try read(row.text) }
    #expect(error?.description == row.says)
  }

  /// A setting without effect is reported with its line and the setting that it needs.
  @Test(arguments: [
    ("queue: 1\nshare: none", "line 2: share needs --upstream"),
    ("grace: 5s", "line 1: grace needs --upstream"),
    ("max-upstreams: 2", "needs --upstream"), ("hide-stderr: true", "needs --upstream"),
    ("max-channels: 2", "needs --upstream"), ("idle-timeout: 5s", "needs --upstream"),
    ("auth-cache: 5s", "needs --auth-url"), ("auth-ca: /a", "needs --auth-url"),
    ("auth-timeout: 5s", "needs --auth-url"),
    ("speed: 2", "needs --replay"), ("replay-gap: 5s", "needs --replay"),
    ("snapshot-key: object.a", "needs --snapshot"),
    ("routes: [{path: /a}]", "needs --snapshot"), ("allow-query-token: true", "needs --auth-tokens"),
  ])
  func refusesSettingsWithoutEffect(text: String, says: String) throws {
    let configuration = try read(text)
    let error = #expect(throws: Configuration.CombinationError.self) { try configuration.check() }
    #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    #expect(error?.status == .usage)
  }

  @Test func namesAFlagWithoutEffect() throws {
    let outcome = try Tool.run("wfanout", ["--listen", ":0", "--share", "none"])
    #expect(outcome.status == 64 && outcome.diagnostics.contains("--share needs --upstream"))
  }

  @Test(arguments: ["/events", "/metrics", "/snapshot", "/a"]) func aRouteHasAUniquePath(path: String) {
    #expect(throws: ConfigurationFile.ReadError.self) { try read("routes: [{path: /a}, {path: \(path)}]") }
  }

  @Test func aFlagTakesPrecedenceOverTheFile() throws {
    let fanout = try Fanout(["--max-clients", "1"], configuration: "max-clients: 5\nlisten: ':1'")
    let one = try fanout.listening("/events")
    #expect(try fanout.curl("/events", ["-w", "%{http_code}"]).output.hasSuffix("503"))
    one.send(15)
  }

  @Test func namesAnInvalidAddress() throws {
    let outcome = try Tool.run("wfanout", ["--listen", ":0", "--listen", "8080"])
    #expect(outcome.status == 64 && outcome.diagnostics.contains("--listen '8080'"))
  }

  @Test func aUnixSocketInUseIsNotReplaced() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path("s")
    let first = try Fanout(["--listen", "unix:\(path)"])
    let second = try Tool.run("wfanout", ["--listen", "unix:\(path)"])
    #expect(second.status == 69 && second.diagnostics.contains("another process listens there"))
    let ask = "curl -s --unix-socket \(path) http://localhost/healthz"
    #expect(try Tool.shell(ask).waitForEnd().output == "ok\n")
    first.tool.send(9)
    _ = try first.tool.waitForEnd(.seconds(10))
    let third = try Fanout(["--listen", "unix:\(path)"])
    #expect(try Tool.shell(ask).waitForEnd().output == "ok\n", "the file of a killed one is replaced")
    _ = third
  }

  @Test func endsIfAFileIsInvalid() throws {
    let directory = try TemporaryDirectory()
    let outcome = try Tool.run("wfanout", ["--config", try directory.write("a: [", to: "bad.yaml")])
    #expect(outcome.status == 78)
    #expect(outcome.diagnostics.contains("bad.yaml': not YAML: line "))
    #expect(try Tool.run("wfanout", ["--config", "/nonexistent"]).status == 78)
    #expect(try Tool.run("wfanout", ["--heartbeat", "soon"]).status == 64)
  }
}
