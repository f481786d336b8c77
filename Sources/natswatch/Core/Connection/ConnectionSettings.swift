// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// Where the server is and who we are: from flags, else the environment, else a context of the `nats` CLI.
package struct ConnectionSettings: Sendable, Equatable {
  /// One or more `nats://`, `tls://` addresses.
  package var servers: [String] = ["nats://127.0.0.1:4222"]
  package var user: String?
  package var password: String?
  package var token: String?
  /// A file with JWT and seed (`.creds`).
  package var credentialsFile: String?
  /// A file with an NKey seed.
  package var nkeyFile: String?
  package var tlsCA: String?
  package var tlsCertificate: String?
  package var tlsKey: String?
  /// Refuse a server that does not speak TLS.
  package var requiresTLS = false
  /// The first tokens of reply subjects, where permissions allow only some.
  package var inboxPrefix = "_INBOX"
  /// The first tokens of JetStream API subjects; other where a domain is used.
  package var apiPrefix = "$JS.API"
  /// How the connection calls itself on the server.
  package var name = "natswatch"

  /// What the command line said; nil where it was silent.
  package struct Flags: Sendable {
    package var server: String?
    package var context: String?
    package var credentials: String?
    package var nkey: String?
    package var tlsCA: String?
    package var tlsCertificate: String?
    package var tlsKey: String?
    package var inboxPrefix: String?

    package init(
      server: String? = nil, context: String? = nil, credentials: String? = nil, nkey: String? = nil,
      tlsCA: String? = nil, tlsCertificate: String? = nil, tlsKey: String? = nil, inboxPrefix: String? = nil
    ) {
      self.server = server
      self.context = context
      self.credentials = credentials
      self.nkey = nkey
      self.tlsCA = tlsCA
      self.tlsCertificate = tlsCertificate
      self.tlsKey = tlsKey
      self.inboxPrefix = inboxPrefix
    }
  }

  /// Puts the sources together: flag, environment, context, default.
  ///
  /// A context is used when it is named (`--context`, `NATS_CONTEXT`), or when it is the one selected with
  /// `nats context select` and neither flag nor environment says where the server is.
  ///
  /// - Parameters:
  ///   - flags: The command line.
  ///   - environment: Gives the values of variables.
  ///   - readFile: Gives the text of a file, nil when it cannot be read.
  /// - Returns: The settings.
  /// - Throws: `badSettings` for a context that cannot be had or read.
  package static func resolve(
    flags: Flags, environment: (String) -> String?, readFile: (String) -> String? = Self.text
  ) throws(NATSError) -> ConnectionSettings {
    func variable(_ name: String) -> String? {
      environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }
    var settings = ConnectionSettings()
    let address = flags.server ?? variable("NATS_URL")
    let folder = variable("XDG_CONFIG_HOME") ?? "\(variable("HOME") ?? "")/.config"
    let named = flags.context ?? variable("NATS_CONTEXT")
    let selected = address == nil ? readFile("\(folder)/nats/context.txt")?.trimmed : nil
    if let context = named ?? selected.flatMap({ $0.isEmpty ? nil : $0 }) {
      try settings.apply(context: context, folder: "\(folder)/nats/context", readFile: readFile)
    }
    if let address {
      settings.servers = address.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
    }
    guard !settings.servers.isEmpty else {
      throw NATSError(.badSettings, "no server address in \"\(address ?? "")\"")
    }
    if let user = variable("NATS_USER") { settings.user = user }
    if let password = variable("NATS_PASSWORD") { settings.password = password }
    if let token = variable("NATS_TOKEN") { settings.token = token }
    if let file = flags.credentials ?? variable("NATS_CREDS") { settings.credentialsFile = file }
    if let file = flags.nkey ?? variable("NATS_NKEY") { settings.nkeyFile = file }
    if let file = flags.tlsCA ?? variable("NATS_CA") { settings.tlsCA = file }
    if let file = flags.tlsCertificate ?? variable("NATS_CERT") { settings.tlsCertificate = file }
    if let file = flags.tlsKey ?? variable("NATS_KEY") { settings.tlsKey = file }
    if let prefix = flags.inboxPrefix { settings.inboxPrefix = prefix }
    switch variable("NATS_TLS_ENABLED")?.lowercased() {
    case "true", "1", "yes", "on": settings.requiresTLS = true
    case nil, "false", "0", "no", "off": break
    case let other?: throw NATSError(.badSettings, "NATS_TLS_ENABLED is \"\(other)\": say true or false")
    }
    return settings
  }

  /// Reads `NAME.json` as the `nats` CLI writes it.
  private mutating func apply(
    context: String, folder: String, readFile: (String) -> String?
  ) throws(NATSError) {
    struct File: Decodable {
      var url, user, password, token, creds, nkey, cert, key, ca: String?
      var inbox_prefix, jetstream_domain, jetstream_api_prefix: String?
    }
    let path = "\(folder)/\(context).json"
    guard !context.contains("/"), let text = readFile(path) else {
      throw NATSError(.badSettings, "NATS context \"\(context)\": cannot read \(path)")
    }
    let file: File
    do {
      file = try JSONDecoder().decode(File.self, from: Data(text.utf8))
    } catch {
      throw NATSError(.badSettings, "NATS context \"\(context)\": \(path) is no context file: \(error)")
    }
    func filled(_ value: String?) -> String? { value.flatMap { $0.isEmpty ? nil : $0 } }
    if let url = filled(file.url) { servers = url.split(separator: ",").map { String($0).trimmed } }
    user = filled(file.user)
    password = filled(file.password)
    token = filled(file.token)
    credentialsFile = filled(file.creds)
    nkeyFile = filled(file.nkey)
    tlsCertificate = filled(file.cert)
    tlsKey = filled(file.key)
    tlsCA = filled(file.ca)
    if let prefix = filled(file.inbox_prefix) { inboxPrefix = prefix }
    if let domain = filled(file.jetstream_domain) { apiPrefix = "$JS.\(domain).API" }
    if let prefix = filled(file.jetstream_api_prefix) { apiPrefix = prefix }
  }

  /// True when a password or token would cross a network in the clear.
  package var sendsSecretsInTheClear: Bool {
    guard !requiresTLS, tlsCA == nil, tlsCertificate == nil else { return false }
    return servers.contains { server in
      let isPlain = !server.hasPrefix("tls://") && !server.hasPrefix("wss://")
      let afterScheme = server.split(separator: "/").last.map(String.init) ?? server
      let host = afterScheme.split(separator: "@").last.map(String.init) ?? afterScheme
      let isLoopback = ["127.", "localhost", "[::1]"].contains { host.hasPrefix($0) }
      return isPlain && !isLoopback
    }
  }

  /// An address as it may be shown: without user and password.
  static func withoutSecrets(_ address: String) -> String {
    guard let at = address.lastIndex(of: "@") else { return address }
    let scheme =
      address.split(separator: "/", maxSplits: 1).first.map { $0.hasSuffix(":") ? "\($0)//" : "" } ?? ""
    return scheme + address[address.index(after: at)...]
  }

  /// The text of a small file.
  package static func text(_ path: String) -> String? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    return String(decoding: data, as: UTF8.self)
  }
}

extension String {
  /// Without white space and line ends at both sides.
  package var trimmed: String {
    var view = self[...]
    while let first = view.first, first.isWhitespace { view.removeFirst() }
    while let last = view.last, last.isWhitespace { view.removeLast() }
    return String(view)
  }
}
