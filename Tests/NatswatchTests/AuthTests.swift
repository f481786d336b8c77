// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// Credentials from files and the environment, and refused credentials.
@Suite(.timeLimit(.minutes(2))) struct AuthTests {
  private let environment = ["NATS_USER": "admin", "NATS_PASSWORD": "secret"]

  private func run(
    _ server: NATSServer, _ arguments: [String], _ environment: [String: String], stdin: String = ""
  ) throws -> Tool.Outcome {
    try Tool.run(
      "natswatch", arguments, stdin: stdin,
      environment: ["NATS_URL": server.url].merging(environment) { $1 })
  }

  /// Publishes one line to a new stream, and reads it back.
  private func expectRoundTrip(_ server: NATSServer, _ flags: [String] = [], _ environment: [String: String])
    throws
  {
    let published = try run(
      server, ["publish", "a.x", "--create-stream", "S"] + flags, environment, stdin: "{}\n")
    #expect(published.status == 0, "\(published)")
    let read = try run(server, ["a.>", "--all", "--until-now"] + flags, environment)
    #expect(sequences(in: read.output) == [1], "\(read)")
  }

  @Test(arguments: NATSServer.Version.installed) func userAndPassword(_ version: NATSServer.Version) throws {
    let server = try NATSServer.start(
      version, configuration: "authorization { users: [ { user: admin, password: secret } ] }")
    try expectRoundTrip(server, environment)
    let wrong = try run(server, ["a.>"], ["NATS_USER": "admin", "NATS_PASSWORD": "wrong"])
    #expect(wrong.status == 77 && !wrong.diagnostics.contains("wrong\""), "\(wrong)")
    #expect(try run(server, ["a.>"], [:]).status == 77)
    let home = try TemporaryDirectory()
    let contexts = home.url.appending(path: ".config/nats/context")
    try FileManager.default.createDirectory(at: contexts, withIntermediateDirectories: true)
    try home.write(
      #"{"url":"\#(server.url)","user":"admin","password":"secret"}"#, to: ".config/nats/context/prod.json")
    let read = try Tool.run(
      "natswatch", ["a.>", "--all", "--until-now", "--context", "prod"], environment: ["HOME": home.url.path])
    #expect(sequences(in: read.output) == [1], "\(read)")
  }

  /// libnats writes them into its JSON as they are.
  @Test(arguments: NATSServer.Version.installed) func quotesAndBackslashes(_ version: NATSServer.Version)
    throws
  {
    let server = try NATSServer.start(
      version, configuration: #"authorization { users: [ { user: "a\"b", password: "c\"\\d" } ] }"#)
    try expectRoundTrip(server, ["NATS_USER": #"a"b"#, "NATS_PASSWORD": #"c"\d"#])
    for password in ["c%22%5Cd", "c%22%5cd", #"c"\d"#] {
      let address = "nats://a%22b:\(password)@127.0.0.1:\(server.port)"
      let read = try run(server, ["a.>", "--all", "--until-now"], ["NATS_URL": address])
      #expect(sequences(in: read.output) == [1], "\(read)")
    }
  }

  @Test(arguments: NATSServer.Version.installed) func token(_ version: NATSServer.Version) throws {
    let server = try NATSServer.start(version, configuration: "authorization { token: sesame }")
    try expectRoundTrip(server, ["NATS_TOKEN": "sesame"])
    #expect(try run(server, ["a.>"], ["NATS_TOKEN": "open"]).status == 77)
  }

  private func expectRoundTrip(_ server: NATSServer, _ environment: [String: String]) throws {
    try expectRoundTrip(server, [], environment)
  }

  @Test(arguments: NATSServer.Version.installed) func nkey(_ version: NATSServer.Version) throws {
    let folder = try TemporaryDirectory()
    let seed = try folder.write("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY\n", to: "user.nk")
    let server = try NATSServer.start(
      version,
      configuration:
        "authorization { users: [ { nkey: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4 } ] }")
    try expectRoundTrip(server, ["NATS_NKEY": seed])
    let read = try run(server, ["a.>", "--all", "--until-now", "--nkey", seed], [:])
    #expect(sequences(in: read.output) == [1], "\(read)")
    try expectMissing(server, ["--nkey", "/no/such/file"])
    try expectMissing(server, ["--creds", "/no/such/file"])
    try expectMissing(server, ["--tls-ca", "/no/such/file"])
  }

  /// In operator mode, accounts and users are JWTs, and a credentials file has a user's JWT and key.
  @Test(arguments: NATSServer.Version.installed) func credentialsFile(_ version: NATSServer.Version) throws {
    let folder = try TemporaryDirectory()
    let mode = try OperatorMode(in: folder)
    let server = try NATSServer.start(version, configuration: mode.configuration)
    try expectRoundTrip(server, ["NATS_CREDS": mode.credentials])
    let read = try run(server, ["a.>", "--all", "--until-now", "--creds", mode.credentials], [:])
    #expect(sequences(in: read.output) == [1], "\(read)")
    let forged = try run(server, ["a.>"], ["NATS_CREDS": mode.forgedCredentials])
    #expect(forged.status == 77, "\(forged)")
    #expect(try run(server, ["a.>"], [:]).status == 77)
    let empty = try folder.write("nothing\n", to: "empty.creds")
    let broken = try run(server, ["a.>", "--creds", empty, "--connect-timeout", "2s"], [:])
    #expect(broken.status == 78 && broken.diagnostics.contains("empty.creds"), "\(broken)")
  }

  private func expectMissing(_ server: NATSServer, _ flags: [String]) throws {
    let outcome = try run(server, ["a.>"] + flags, [:])
    #expect(outcome.status == 78 && outcome.diagnostics.contains("/no/such/file"), "\(outcome)")
  }

  @Test(arguments: NATSServer.Version.installed) func leastPermissions(_ version: NATSServer.Version) throws {
    let server = try NATSServer.start(
      version,
      configuration: """
        authorization { users: [
          { user: admin, password: secret }
          { user: reader, password: r, permissions: {
              publish: ["$JS.API.STREAM.INFO.S", "$JS.API.CONSUMER.CREATE.S", "$JS.API.CONSUMER.CREATE.S.>",
                        "$JS.API.CONSUMER.DELETE.S.>", "$JS.FC.>"]
              subscribe: ["_INBOX_w.>"] } }
          { user: nobody, password: n, permissions: { publish: ["x"], subscribe: ["_INBOX.>"] } }
          { user: writer, password: w, permissions: { publish: ["a.y"], subscribe: ["_INBOX.>"] } }
        ] }
        """)
    var admin = ConnectionSettings()
    admin.servers = [server.url]
    admin.user = "admin"
    admin.password = "secret"
    let jetStream = JetStream(connection: try Connection(admin), shutdown: nil)
    try createStreamEventually(jetStream, "S", ["a.>"])
    try expectRoundTrip(server, environment)
    let reader = ["NATS_USER": "reader", "NATS_PASSWORD": "r"]
    let flags = ["a.>", "--stream", "S", "--inbox-prefix", "_INBOX_w", "--all", "--until-now"]
    let read = try run(server, flags, reader)
    #expect(read.status == 0 && sequences(in: read.output) == [1], "\(read)")
    let nobody = try run(server, ["a.>", "--stream", "S"], ["NATS_USER": "nobody", "NATS_PASSWORD": "n"])
    #expect(nobody.status == 77 && nobody.diagnostics.contains("STREAM.INFO"), "\(nobody)")
    let writer = ["NATS_USER": "writer", "NATS_PASSWORD": "w"]
    #expect(try run(server, ["publish", "a.y"], writer, stdin: "{}\n").status == 0)
    let denied = try run(server, ["publish", "a.x"], writer, stdin: "{}\n")
    #expect(denied.status == 77 && denied.diagnostics.contains("a.x"), "\(denied)")
    let work = try run(server, ["work", "a.>", "--stream", "S", "--durable", "D", "--", "true"], writer)
    #expect(work.status == 77, "\(work)")
  }

  @Test(arguments: NATSServer.Version.installed) func tlsWithClientCertificates(_ version: NATSServer.Version)
    throws
  {
    let folder = try TemporaryDirectory()
    let made = try Tool.shell(
      """
      set -e
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem
      for name in server client; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$name -keyout $name.key -out $name.csr
        printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' >ext
        openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out $name.pem
      done
      """, in: folder.url)
    #expect(try made.waitForEnd().status == 0)
    let server = try NATSServer.start(
      version,
      configuration: """
        tls { cert_file: "\(folder.path("server.pem"))", key_file: "\(folder.path("server.key"))",
              ca_file: "\(folder.path("ca.pem"))", verify: true }
        """)
    let files = [
      "NATS_CA": folder.path("ca.pem"), "NATS_CERT": folder.path("client.pem"),
      "NATS_KEY": folder.path("client.key"),
      "NATS_TLS_ENABLED": "true",
    ]
    try expectRoundTrip(server, files)
    // Many messages to a slow reader, because libnats reads the socket of a TLS connection.
    let count = 20_000
    let lines = (2...count).map { "{\"n\":\($0),\"pad\":\"\(String(repeating: "x", count: 500))\"}\n" }
      .joined()
    #expect(try run(server, ["publish", "a.x"], files, stdin: lines).status == 0)
    let late = try Tool.shell(
      "natswatch 'a.>' --all --count \(count) | (sleep 3; cat >out)",
      environment: files.merging(["NATS_URL": server.url]) { $1 }, in: folder.url)
    #expect(try late.waitForEnd(.seconds(60)).status == 0)
    #expect(sequences(in: try folder.read("out")) == Array(1...UInt64(count)))
    // exit(3) used to free OpenSSL's state while a thread closed the connection, which aborted one run in
    // 200.
    let closing = try Tool.shell(
      """
      for run in {1..5}; do
        for one in {1..8}; do (natswatch 'a.>' --all --count 3000 >/dev/null || touch failed) & done
        wait
      done
      """, environment: files.merging(["NATS_URL": server.url]) { $1 }, in: folder.url)
    let closed = try closing.waitForEnd(.seconds(60))
    #expect(!FileManager.default.fileExists(atPath: folder.path("failed")), "\(closed)")
    let plain = try NATSServer.start(version)
    let refused = try run(plain, ["a.>", "--connect-timeout", "1s"], ["NATS_TLS_ENABLED": "true"])
    #expect(refused.status == 78, "\(refused)")
    let stranger = try run(
      server, ["a.>", "--tls-ca", folder.path("ca.pem"), "--connect-timeout", "1s"], [:])
    #expect(stranger.status != 0, "\(stranger)")
  }
}
