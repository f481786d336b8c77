// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NatswatchCore

@Suite struct ConnectionSettingsTests {
  private func resolve(
    _ flags: ConnectionSettings.Flags = .init(), _ environment: [String: String] = [:],
    files: [String: String] = [:]
  ) throws -> ConnectionSettings {
    try ConnectionSettings.resolve(
      flags: flags, environment: { environment[$0] }, readFile: { files[$0] })
  }

  @Test func environmentAndFlags() throws {
    #expect(try resolve().servers == ["nats://127.0.0.1:4222"])
    #expect(
      try resolve(.init(), ["NATS_URL": "nats://a:1, nats://b:2"]).servers == ["nats://a:1", "nats://b:2"])
    #expect(try resolve(.init(server: "nats://c"), ["NATS_URL": "nats://a"]).servers == ["nats://c"])
  }

  @Test func credentialsComeFromTheEnvironmentOrFiles() throws {
    let settings = try resolve(
      .init(nkey: "/k"),
      ["NATS_USER": "u", "NATS_PASSWORD": "p", "NATS_TOKEN": "t", "NATS_CREDS": "/c", "NATS_NKEY": "/x"])
    #expect(settings.user == "u" && settings.password == "p" && settings.token == "t")
    #expect(settings.credentialsFile == "/c" && settings.nkeyFile == "/k")
  }

  @Test func tlsCanBeRequired() throws {
    #expect(try resolve(.init(), ["NATS_TLS_ENABLED": "true"]).requiresTLS)
    #expect(try !resolve(.init(), ["NATS_TLS_ENABLED": "false"]).requiresTLS)
    #expect(throws: NATSError.self) { try resolve(.init(), ["NATS_TLS_ENABLED": "perhaps"]) }
  }

  @Test func contextsOfTheCommandLineTool() throws {
    let files = [
      "/h/.config/nats/context/prod.json":
        #"{"url":"tls://p:1","user":"u","password":"","creds":"/c","inbox_prefix":"_I","jetstream_domain":"hub","other":1}"#,
      "/h/.config/nats/context.txt": "prod\n",
    ]
    let selected = try resolve(.init(), ["HOME": "/h"], files: files)
    #expect(selected.servers == ["tls://p:1"] && selected.user == "u" && selected.password == nil)
    #expect(
      selected.inboxPrefix == "_I" && selected.apiPrefix == "$JS.hub.API" && selected.credentialsFile == "/c")
    #expect(try resolve(.init(), ["HOME": "/h", "NATS_URL": "nats://x"], files: files).user == nil)
    let named = try resolve(
      .init(context: "prod"), ["HOME": "/h", "NATS_URL": "nats://x", "NATS_USER": "me"], files: files)
    #expect(named.servers == ["nats://x"] && named.user == "me" && named.credentialsFile == "/c")
    #expect(throws: NATSError.self) { try resolve(.init(context: "none"), ["HOME": "/h"], files: files) }
    #expect(throws: NATSError.self) { try resolve(.init(context: "../x"), ["HOME": "/h"], files: files) }
  }

  @Test func secretsInTheClearAreNoticed() throws {
    #expect(try resolve(.init(server: "nats://example.org:4222")).sendsSecretsInTheClear)
    #expect(try !resolve(.init(server: "nats://localhost:4222")).sendsSecretsInTheClear)
    #expect(try !resolve(.init(server: "tls://example.org:4222")).sendsSecretsInTheClear)
  }

  @Test func addressesAreShownWithoutSecrets() {
    #expect(ConnectionSettings.withoutSecrets("nats://u:p@h:1") == "nats://h:1")
    #expect(ConnectionSettings.withoutSecrets("u:p@h") == "h")
    #expect(ConnectionSettings.withoutSecrets("nats://h") == "nats://h")
  }
}
