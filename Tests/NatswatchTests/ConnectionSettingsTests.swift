// SPDX-License-Identifier: Apache-2.0

import CNATS
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
    #expect(settings.credentialsFile == nil && settings.nkeyFile == "/k", "one key: the flag's")
  }

  /// Values that libnats does not decode.
  @Test func takesCredentialsOutOfAddresses() throws {
    let both = try resolve(
      .init(server: "nats://u%40x:p%2F%22@a:1,tls://u%40x:p%2F%22@b"), ["NATS_USER": "me"])
    #expect(both.servers == ["nats://a:1", "tls://b"] && both.user == "u@x" && both.password == #"p/""#)
    let odd = try resolve(.init(server: "u:p@q:r%@h, nats://other:x@i"))
    #expect(odd.servers == ["h", "nats://other:x@i"] && odd.user == "u" && odd.password == "p@q:r%")
    let token = try resolve(.init(server: "nats://t0ken@a"), ["NATS_USER": "me", "NATS_PASSWORD": "p"])
    #expect(token.servers == ["nats://a"] && token.token == "t0ken" && token.user == nil)
  }

  @Test func tlsCanBeRequired() throws {
    #expect(try resolve(.init(), ["NATS_TLS_ENABLED": "true"]).requiresTLS)
    #expect(try !resolve(.init(), ["NATS_TLS_ENABLED": "false"]).requiresTLS)
    #expect(throws: NATSError.self) { try resolve(.init(), ["NATS_TLS_ENABLED": "perhaps"]) }
  }

  /// A server ends the connection of a client that sends them, again and again.
  @Test(arguments: ["a b", "a..b", "", "a.", ".a", "a.*", ">", "a\tb", "a\r\nPUB x 0"])
  func refusesPrefixesThatBeginNoSubject(_ text: String) throws {
    #expect(throws: NATSError.self) { try resolve(.init(domain: text)) }
    #expect(throws: NATSError.self) { try resolve(.init(apiPrefix: text)) }
    #expect(throws: NATSError.self) { try resolve(.init(inboxPrefix: text)) }
    guard !text.isEmpty else { return }
    #expect(throws: NATSError.self) { try resolve(.init(), ["NATS_JS_DOMAIN": text]) }
    #expect(try resolve(.init(inboxPrefix: "_I.x", apiPrefix: "JS.x.API")).inboxPrefix == "_I.x")
  }

  @Test func readsContextsOfTheNATSCommand() throws {
    let files = [
      "/h/.config/nats/context/prod.json":
        #"{"url":"tls://p:1","user":"u","password":"","creds":"/c","inbox_prefix":"_I","jetstream_domain":"hub","tls_first":false,"nsc":"","color_scheme":"x","socks_proxy":null}"#,
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

  @Test(arguments: [
    #""nsc":"nsc://o/a/u""#, #""user_jwt":"x""#, #""user_seed":"x""#, #""socks_proxy":"socks5://p""#,
    #""tls_first":true"#, #""unheard_of":1"#, #""windows_cert_store":"x""#, #""url":["nats://a"]"#,
  ]) func contextKeysWithoutSupportAreRefused(_ member: String) {
    let files = ["/h/.config/nats/context/c.json": "{\"url\":\"nats://a\",\(member)}"]
    #expect {
      try resolve(.init(context: "c"), ["HOME": "/h"], files: files)
    } throws: { error in
      guard let error = error as? NATSError else { return false }
      let key = member.split(separator: "\"").first.map(String.init) ?? ""
      return error.code == .badSettings && error.message.contains("\"\(key)\"")
        && error.message.contains("c.json")
    }
  }

  @Test func aTildeInAContextIsTheHomeFolder() throws {
    let files = ["/h/.config/nats/context/c.json": #"{"creds":"~/x.creds","ca":"/ca","description":"d"}"#]
    let settings = try resolve(.init(context: "c"), ["HOME": "/h"], files: files)
    #expect(settings.credentialsFile == "/h/x.creds" && settings.tlsCA == "/ca")
    let marked = ["/h/.config/nats/context/c.json": "\u{FEFF}{\"url\":\"nats://m\"}"]
    #expect(try resolve(.init(context: "c"), ["HOME": "/h"], files: marked).servers == ["nats://m"])
  }

  @Test(arguments: [
    "wss://bob:s3cret@h:1", "ws://h", "http://h", "https://h", "nats://a,wss://b", "mqtt://h",
  ])
  func otherSchemesAreRefusedWithoutTheirSecrets(_ address: String) {
    #expect {
      try resolve(.init(server: address))
    } throws: { error in
      guard let error = error as? NATSError else { return false }
      return error.code == .badSettings && error.message.contains("not supported")
        && !error.message.contains("s3cret")
    }
  }

  @Test(arguments: [
    "nats://h:4222/path", "nats://u:p@h/js", "h:1/", "nats://h?x=1", "tls://h:1#f", "nats://a,nats://b/c",
  ])
  func pathsAreRefused(_ address: String) throws {
    guard address != "h:1/" else { return #expect(try resolve(.init(server: address)).servers == ["h:1"]) }
    #expect {
      try resolve(.init(server: address))
    } throws: { error in
      guard let error = error as? NATSError else { return false }
      return error.code == .badSettings && error.message.contains("no path") && !error.message.contains("u:p")
    }
    let address = try resolve(.init(server: "nats://u:a/b?c#@h:1"))
    #expect(address.servers == ["nats://h:1"] && address.password == "a/b?c#")
  }

  @Test func jetStreamIsFoundInADomainOrByPrefix() throws {
    #expect(try resolve(.init(domain: "hub")).apiPrefix == "$JS.hub.API")
    #expect(try resolve(.init(), ["NATS_JS_DOMAIN": "leaf"]).apiPrefix == "$JS.leaf.API")
    #expect(try resolve(.init(domain: "hub"), ["NATS_JS_DOMAIN": "leaf"]).apiPrefix == "$JS.hub.API")
    #expect(try resolve(.init(apiPrefix: "js.acme"), ["NATS_JS_DOMAIN": "leaf"]).apiPrefix == "js.acme")
  }

  @Test func detectsUnencryptedSecrets() throws {
    #expect(try resolve(.init(server: "nats://example.org:4222")).sendsSecretsInTheClear)
    #expect(try !resolve(.init(server: "nats://localhost:4222")).sendsSecretsInTheClear)
    for server in ["nats://[::1]:4222", "nats://::1:4222", "127.0.0.1", "u:p@127.0.0.1:4222"] {
      #expect(try !resolve(.init(server: server)).sendsSecretsInTheClear, "\(server)")
    }
    for server in ["nats://127.example.org", "nats://[::2]:1", "localhost.example.org"] {
      #expect(try resolve(.init(server: server)).sendsSecretsInTheClear, "\(server)")
    }
    #expect(try !resolve(.init(server: "TLS://example.org:4222")).sendsSecretsInTheClear)
    #expect(try !resolve(.init(server: "tls://example.org:4222")).sendsSecretsInTheClear)
  }

  @Test func addressesAreShownWithoutSecrets() {
    #expect(ConnectionSettings.withoutSecrets("nats://u:p@h:1") == "nats://h:1")
    #expect(ConnectionSettings.withoutSecrets("u:p@h") == "h")
    #expect(ConnectionSettings.withoutSecrets("nats://h") == "nats://h")
  }

  /// An overloaded server that times out while it waits for the credentials has not refused them.
  @Test func aServerThatGaveUpWaitingIsTriedAgain() {
    let settings = ConnectionSettings()
    let late = ConnectFailure(NATS_CONNECTION_AUTH_FAILED, detail: "Authentication Timeout", settings)
    #expect(late.error.code == .unavailable && late.error.isTransient)
    let refused = ConnectFailure(NATS_CONNECTION_AUTH_FAILED, detail: "Authorization Violation", settings)
    #expect(refused.error.code == .noPermission)
  }
}
