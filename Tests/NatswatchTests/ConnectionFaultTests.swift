// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// Servers that cannot serve a tail. The reason is reported within seconds, with the right status.
@Suite(.timeLimit(.minutes(3))) struct ConnectionFaultTests {
  private func tail(
    _ url: String, _ flags: [String] = [], _ environment: [String: String] = [:],
    deadline: Duration = .seconds(20)
  ) throws -> Tool.Outcome {
    try Tool.run(
      "natswatch", ["a.>", "--stream", "S", "--server", url] + flags, environment: environment,
      deadline: deadline)
  }

  private func expect(_ outcome: Tool.Outcome, _ status: Int32, _ words: String...) {
    #expect(outcome.status == status, "\(outcome)")
    for word in words { #expect(outcome.diagnostics.contains(word), "\(outcome)") }
    // The message has no source positions and no status names of libnats.
    #expect(!outcome.diagnostics.contains(".c:"), "\(outcome)")
  }

  @Test(arguments: ["wss://bob:s3cret@127.0.0.1:PORT", "ws://127.0.0.1:PORT", "http://127.0.0.1:PORT"])
  func otherSchemesAreNeverConnectedTo(_ address: String) throws {
    let bed = try Bed(.debian)
    let outcome = try tail(address.replacingOccurrences(of: "PORT", with: "\(bed.server.port)"))
    expect(outcome, 78, "not supported")
    #expect(!outcome.diagnostics.contains("s3cret"))
  }

  /// libnats reports only that the connection was closed.
  @Test(arguments: NATSServer.Version.installed) func aFullServerIsReported(
    _ version: NATSServer.Version
  ) throws {
    let server = try NATSServer.start(version, configuration: "max_connections: 1")
    var first: JetStream?
    try eventually("the helper that waited for the server has left") {
      first = try? Bed.connect(server.url)
      return first != nil
    }
    expect(try tail(server.url, ["--connect-timeout", "1s"]), 69, "maximum connections exceeded")
    #expect(first?.connection.loss == nil)
  }

  /// libnats waits for it without a limit.
  @Test(arguments: [["tail"], ["publish"]])
  func aServerThatIsSilentAfterItsGreetingIsReported(_ command: [String]) throws {
    let listener = try #require(LoopbackSocket.listen())
    defer { listener.shutDown() }
    Thread.detachNewThread {
      while let peer = listener.accept() {
        let greeting = "INFO {\"server_id\":\"x\",\"proto\":1,\"headers\":true,\"max_payload\":1000}\r\n"
        _ = unsafe write(peer.descriptor, greeting, greeting.utf8.count)
      }
    }
    let outcome = try Tool.run(
      "natswatch",
      command + ["a.x", "--server", "nats://127.0.0.1:\(listener.port)", "--connect-timeout", "1s"])
    expect(outcome, 69, "does not complete the connection")
  }

  /// A server that does not accept the client's data does this.
  @Test(arguments: [["tail"], ["work", "--durable", "D"]])
  func aConnectionThatIsClosedAgainAndAgainIsReportedOnce(_ command: [String]) throws {
    let bed = try Bed(.current)
    try bed.createStream()
    let relay = try Relay(to: bed.server.port)
    defer { relay.close() }
    let isWork = command[0] == "work"
    let tool = try bed.start(
      command + ["a.>", "--server", "nats://127.0.0.1:\(relay.port)"]
        + (isWork ? ["--dlq", "none", "--", "echo", "done"] : []))
    try eventually("it has its consumer") { try !bed.consumers().isEmpty }
    try bed.publish(1...1)
    try tool.waitForLines(1)
    let end = ContinuousClock.now + .seconds(3)
    while ContinuousClock.now < end {
      relay.cutConnections()
      usleep(5_000)
    }
    try bed.publish(1...1)
    try tool.waitForLines(2)
    let reports = tool.soFar.diagnostics.split(separator: "\n").count { $0.contains("connection lost") }
    #expect(reports == 1, "\(tool.soFar)")
  }

  @Test(arguments: NATSServer.Version.installed) func withoutJetStream(_ version: NATSServer.Version) throws {
    let server = try NATSServer.start(
      version,
      configuration: """
        accounts { PLAIN { users: [ { user: p, password: p } ] }, JS { jetstream: enabled, users: [ { user: j, password: j } ] } }
        """)
    expect(
      try tail(server.url, [], ["NATS_USER": "p", "NATS_PASSWORD": "p"]), 69, "not enabled for account")
    expect(
      try tail(server.url, ["--js-domain", "nowhere"], ["NATS_USER": "j", "NATS_PASSWORD": "j"]), 69,
      "$JS.nowhere.API", "--js-domain")
    for command in [["publish", "a.x"], ["work", "a.>", "--durable", "D", "--", "true"]] {
      for (user, flags, words) in [
        ("p", [], "not enabled for account"), ("j", ["--js-domain", "nowhere"], "$JS.nowhere.API"),
      ] {
        let outcome = try Tool.run(
          "natswatch", [command[0]] + flags + ["--server", server.url] + command.dropFirst(), stdin: "{}\n",
          environment: ["NATS_USER": user, "NATS_PASSWORD": user], deadline: .seconds(20))
        expect(outcome, 69, words)
      }
    }
  }

  @Test(arguments: NATSServer.Version.installed) func tlsWithoutTheRightCertificate(
    _ version: NATSServer.Version
  ) throws {
    let folder = try TemporaryDirectory()
    try makeCertificates(folder)
    let server = try NATSServer.start(
      version,
      configuration: """
        tls { cert_file: "\(folder.path("server.pem"))", key_file: "\(folder.path("server.key"))",
              ca_file: "\(folder.path("ca.pem"))", verify: true }
        """)
    let trust = ["--tls-ca", folder.path("ca.pem")]
    expect(try tail(server.url, trust), 78, "client certificate", "--tls-cert")
    expect(
      try tail(
        server.url,
        trust + ["--tls-cert", folder.path("foreign.pem"), "--tls-key", folder.path("foreign.key")]),
      78, "certificate", "foreign.pem")
  }

  @Test func tlsFirst() throws {
    let folder = try TemporaryDirectory()
    try makeCertificates(folder)
    let server = try NATSServer.start(
      .current,
      configuration: """
        tls { cert_file: "\(folder.path("server.pem"))", key_file: "\(folder.path("server.key"))",
              handshake_first: true }
        """)
    expect(try tail(server.url), 78, "handshake_first")
    expect(
      try tail("tls://127.0.0.1:\(server.port)", ["--tls-ca", folder.path("ca.pem")]), 78, "handshake_first")
  }

  /// The account imports another account's API, but not the subject of its deliveries.
  @Test(arguments: NATSServer.Version.installed) func importWithoutDeliverSubject(
    _ version: NATSServer.Version
  ) throws {
    let server = try NATSServer.start(
      version,
      configuration: """
        accounts {
          HUB { jetstream: enabled, users: [ { user: h, password: h } ]
                exports: [ { service: "$JS.API.>", response_type: stream } ] }
          APP { users: [ { user: a, password: a } ]
                imports: [ { service: { account: HUB, subject: "$JS.API.>" }, to: "js.hub.>" } ] }
        }
        """)
    var hub = ConnectionSettings()
    hub.servers = [server.url]
    (hub.user, hub.password) = ("h", "h")
    try createStreamEventually(JetStream(connection: try Connection(hub), shutdown: nil), "S", ["a.>"])
    let outcome = try tail(
      server.url, ["--js-api-prefix", "js.hub"], ["NATS_USER": "a", "NATS_PASSWORD": "a"],
      deadline: .seconds(40))
    expect(outcome, 69, "not even heartbeats", "deliver subject", "--inbox-prefix")
  }

  /// The consumer's heartbeats have to wait until a message has passed. It takes longer than heartbeats are waited for.
  @Test func aLargeMessageOnASlowLineIsNoSilence() throws {
    let bed = try Bed(.current)
    try bed.createStream()
    try bed.publish(1...1, padding: 900_000)
    let relay = try Relay(to: bed.server.port)
    defer { relay.close() }
    relay.mode = .slow(bytesPerSecond: 65_000)
    let outcome = try tail(
      "nats://127.0.0.1:\(relay.port)", ["--all", "--until-now", "--raw"], deadline: .seconds(60))
    expect(outcome, 0)
    #expect(outcome.lines.count == 1)
    #expect(outcome.diagnostics.isEmpty, "\(outcome)")
  }

  /// Each right that a tail needs is left out in turn. The first refusal ends the tail with 77 and the
  /// subject.
  @Test(arguments: NATSServer.Version.installed) func eachMissingRightIsNamed(_ version: NATSServer.Version)
    throws
  {
    let rights = [
      "$JS.API.STREAM.INFO.S", "$JS.API.CONSUMER.CREATE.S.*.a.>", "$JS.API.CONSUMER.DELETE.S.*", "$JS.FC.S.>",
    ]
    let users = (0...rights.count).map { missing in
      let allowed = rights.enumerated().filter { $0.offset != missing }.map { "\"\($0.element)\"" }
      return "{ user: u\(missing), password: p, permissions: { publish: [\(allowed.joined(separator: ","))], "
        + "subscribe: [\"_INBOX_w.>\"] } }"
    }
    let server = try NATSServer.start(
      version,
      configuration:
        "authorization { users: [ { user: admin, password: p }, \(users.joined(separator: ",")) ] }")
    var admin = ConnectionSettings()
    admin.servers = [server.url]
    (admin.user, admin.password) = ("admin", "p")
    let jetStream = JetStream(connection: try Connection(admin), shutdown: nil)
    try createStreamEventually(jetStream, "S", ["a.>"])
    let payload = Array("{\"pad\":\"\(String(repeating: "x", count: 1000))\"}".utf8)
    for _ in 0..<20_000 { jetStream.connection.publish(payload, to: "a.x") }
    jetStream.connection.flush(milliseconds: 10_000)
    try eventually("all is stored", within: .seconds(60)) {
      try jetStream.streamInfo("S").state.messages == 20_000
    }
    let flags = ["--all", "--until-now", "--inbox-prefix", "_INBOX_w"]
    func run(_ user: String, _ flags: [String]) throws -> Tool.Outcome {
      try tail(server.url, flags, ["NATS_USER": user, "NATS_PASSWORD": "p"], deadline: .seconds(40))
    }
    for (index, subject) in ["STREAM.INFO.S", "CONSUMER.CREATE.S", "", "$JS.FC.S"].enumerated()
    where !subject.isEmpty {
      expect(try run("u\(index)", flags), 77, subject)
    }
    // The server removes the consumer after a while.
    #expect(try run("u2", flags).status == 0)
    let all = try run("u\(rights.count)", flags)
    #expect(all.status == 0 && sequences(in: all.output).count == 20_000, "\(all.diagnostics)")
    expect(try run("u\(rights.count)", ["--all", "--until-now"]), 77, "_INBOX.", "--inbox-prefix")
  }

  /// `--timeout` applies at every stage: without a server, and with one that accepts the connection but never
  /// answers.
  @Test(arguments: [
    ["tail", "a.>"], ["work", "a.>", "--durable", "D", "--dry-run"],
    ["work", "a.>", "--durable", "D", "--", "true"],
  ])
  func timeLimitsApplyWithoutAnAnswer(_ command: [String]) throws {
    let nowhere = try Tool.run(
      "natswatch", [command[0], "--server", "nats://127.0.0.1:1", "--timeout", "300ms"] + command.dropFirst())
    #expect(nowhere.status == 124, "\(nowhere)")
    let server = try NATSServer.start(.debian)
    server.freeze()
    defer { server.resume() }
    let frozen = try Tool.run(
      "natswatch", [command[0], "--server", server.url, "--timeout", "300ms"] + command.dropFirst())
    #expect(frozen.status == 124, "\(frozen)")
  }

  /// The server is frozen during `work --dry-run` and then killed. The run continues with the next server.
  @Test(arguments: NATSServer.Version.installed) func dryRunsOutliveTheirConnection(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    try bed.publish(1...2, to: "w.a", stream: "W")
    let dry = try bed.start(["work", "w.>", "--durable", "D", "--dry-run"])
    try dry.waitForLines(2)
    try bed.server.restart(by: SIGTERM)
    let next = try bed.reconnected()
    try next.publish(3...3, to: "w.a", stream: "W")
    try dry.waitForLines(3)
    dry.send(SIGTERM)
    #expect(try dry.waitForEnd().status == 128 + SIGTERM)
  }
}

/// Creates an authority, certificates of it for a server and a client, and a client certificate of another
/// authority.
func makeCertificates(_ folder: TemporaryDirectory) throws {
  let made = try Tool.shell(
    """
    set -e
    for ca in ca other; do
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$ca -keyout $ca.key -out $ca.pem
    done
    for name in server client foreign; do
      ca=ca; [ $name = foreign ] && ca=other
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$name -keyout $name.key -out $name.csr
      printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' >ext
      openssl x509 -req -in $name.csr -CA $ca.pem -CAkey $ca.key -CAcreateserial -days 2 -extfile ext -out $name.pem
    done
    """, in: folder.url)
  #expect(try made.waitForEnd().status == 0)
}
