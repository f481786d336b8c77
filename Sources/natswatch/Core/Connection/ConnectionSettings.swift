// SPDX-License-Identifier: Apache-2.0

import Encoding
import Glibc
import Lines

/// The server's addresses and the credentials: from flags, else the environment, else a context of the `nats`
/// CLI.
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
  /// Whether a server without TLS is refused.
  package var requiresTLS = false
  /// The first tokens of reply subjects, for permissions that allow only some.
  package var inboxPrefix = "_INBOX"
  /// The first tokens of JetStream API subjects; a domain changes them.
  package var apiPrefix = "$JS.API"
  /// The name of the connection on the server.
  package var name = "natswatch"

  /// The flags of the command line; nil for those not given.
  package struct Flags: Sendable {
    package var server: String?
    package var context: String?
    package var credentials: String?
    package var nkey: String?
    package var tlsCA: String?
    package var tlsCertificate: String?
    package var tlsKey: String?
    package var inboxPrefix: String?
    package var domain: String?
    package var apiPrefix: String?

    package init(
      server: String? = nil, context: String? = nil, credentials: String? = nil, nkey: String? = nil,
      tlsCA: String? = nil, tlsCertificate: String? = nil, tlsKey: String? = nil, inboxPrefix: String? = nil,
      domain: String? = nil, apiPrefix: String? = nil
    ) {
      self.server = server
      self.context = context
      self.credentials = credentials
      self.nkey = nkey
      self.tlsCA = tlsCA
      self.tlsCertificate = tlsCertificate
      self.tlsKey = tlsKey
      self.inboxPrefix = inboxPrefix
      self.domain = domain
      self.apiPrefix = apiPrefix
    }
  }

  /// Resolves each setting from the first source that has it: flag, environment, context, default.
  ///
  /// A context is used if it is named (`--context`, `NATS_CONTEXT`), or if it is selected with `nats context
  /// select` and neither flag nor environment gives a server.
  ///
  /// - Parameters:
  ///   - flags: The command line.
  ///   - environment: Returns the value of a variable.
  ///   - readFile: Returns the text of a file, nil if it cannot be read.
  /// - Returns: The settings.
  /// - Throws: `badSettings` for a context that does not exist or cannot be read.
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
      try settings.apply(
        context: context, folder: "\(folder)/nats/context", home: variable("HOME") ?? "", readFile: readFile)
    }
    if let address { settings.servers = Self.addresses(address) }
    try settings.checkAddresses()
    guard !settings.servers.isEmpty else {
      throw NATSError(.badSettings, "no server address in \"\(address ?? "")\"")
    }
    if let user = variable("NATS_USER") { settings.user = user }
    if let password = variable("NATS_PASSWORD") { settings.password = password }
    if let token = variable("NATS_TOKEN") { settings.token = token }
    settings.takeCredentials()
    try settings.chooseKey(
      (flags.credentials, flags.nkey), (variable("NATS_CREDS"), variable("NATS_NKEY")),
      (settings.credentialsFile, settings.nkeyFile))
    if let file = flags.tlsCA ?? variable("NATS_CA") { settings.tlsCA = file }
    if let file = flags.tlsCertificate ?? variable("NATS_CERT") { settings.tlsCertificate = file }
    if let file = flags.tlsKey ?? variable("NATS_KEY") { settings.tlsKey = file }
    if let prefix = flags.inboxPrefix { settings.inboxPrefix = prefix }
    if let domain = flags.domain ?? (flags.apiPrefix == nil ? variable("NATS_JS_DOMAIN") : nil) {
      settings.apiPrefix = "$JS.\(domain).API"
    }
    if let prefix = flags.apiPrefix { settings.apiPrefix = prefix }
    try checkPrefix(settings.apiPrefix, "the subject prefix of the JetStream API")
    try checkPrefix(settings.inboxPrefix, "the inbox prefix")
    switch variable("NATS_TLS_ENABLED")?.lowercased() {
    case "true", "1", "yes", "on": settings.requiresTLS = true
    case nil, "false", "0", "no", "off": break
    case let other?: throw NATSError(.badSettings, "NATS_TLS_ENABLED is \"\(other)\": expected true or false")
    }
    return settings
  }

  /// Refuses a prefix that cannot begin a subject, because a server ends the connection of a client that
  /// sends it.
  private static func checkPrefix(_ prefix: String, _ what: String) throws(NATSError) {
    if let pattern = SubjectPattern(prefix), !pattern.hasWildcard { return }
    throw NATSError(
      .badSettings, "\(what) is \"\(prefix)\": expected tokens between dots, without spaces and wildcards")
  }

  /// Takes the credentials file or the NKey file from the first source that has one.
  private mutating func chooseKey(_ sources: (credentials: String?, nkey: String?)...) throws(NATSError) {
    guard let source = sources.first(where: { $0.credentials != nil || $0.nkey != nil }) else { return }
    (credentialsFile, nkeyFile) = source
    guard let credentialsFile, let nkeyFile else { return }
    throw NATSError(
      .badSettings,
      "both a credentials file (\(credentialsFile)) and an NKey file (\(nkeyFile)) are given: use one")
  }

  private static func addresses(_ text: String) -> [String] {
    text.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
  }

  /// Refuses schemes that libnats would treat as `nats://`: a password would be sent unencrypted; and what it would
  /// silently ignore, such as a path.
  private mutating func checkAddresses() throws(NATSError) {
    for (index, server) in servers.enumerated() {
      func refuse(_ why: String) -> NATSError {
        NATSError(.badSettings, "server address \(Self.withoutSecrets(server)): \(why)")
      }
      var scheme = ""
      var rest = server[...]
      if let colon = server.firstRange(of: "://") {
        scheme = server[..<colon.lowerBound].lowercased()
        rest = server[colon.upperBound...]
        guard scheme == "nats" || scheme == "tls" else {
          throw refuse("\(scheme):// is not supported: use nats:// or tls://")
        }
      }
      // A password may hold these characters.
      let host = rest.lastIndex(of: "@").map { rest[$0...].dropFirst() } ?? rest
      if let path = host.firstIndex(where: { "/?#".contains($0) }) {
        guard host[path...] == "/" else { throw refuse("a NATS server has no path: remove \(host[path...])") }
        rest.removeLast()
      }
      if let port = rest.split(separator: ":").last, port.count > 3, port.allSatisfy(\.isNumber),
        UInt16(port) == nil
      {
        throw refuse("\(port) is not a port: use 1 to 65535")
      }
      servers[index] = scheme.isEmpty ? String(rest) : "\(scheme)://\(rest)"
    }
  }

  /// Removes user and password, or a token, from the addresses, because libnats does not decode them.
  private mutating func takeCredentials() {
    var credentials: Substring?
    for (index, server) in servers.enumerated() {
      guard let at = server.lastIndex(of: "@") else { continue }
      let start = server.firstRange(of: "://")?.upperBound ?? server.startIndex
      let text = server[start..<at]
      // Another server's own credentials stay in its address.
      guard credentials == nil || credentials == text else { continue }
      credentials = text
      servers[index] = String(server[..<start] + server[server.index(after: at)...])
    }
    guard let parts = credentials?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    else { return }
    let texts = parts.map { PercentEncoding.decode($0, plusIsSpace: false) }
    (user, password, token) = texts.count == 2 ? (texts[0], texts[1], nil) : (nil, nil, texts[0])
  }

  /// Whether a password or token would be sent over a network unencrypted.
  package var sendsSecretsInTheClear: Bool {
    !usesTLS && servers.contains { !Self.isLoopback($0) }
  }

  /// Whether the connection is encrypted or else refused.
  var usesTLS: Bool {
    requiresTLS || tlsCA != nil || tlsCertificate != nil || servers.contains { $0.hasPrefix("tls://") }
  }

  /// The host, without the brackets of an IPv6 address, and the port of a server's address.
  static func hostAndPort(_ server: String) -> (host: String, port: String) {
    let afterScheme = server.split(separator: "/").last ?? server[...]
    var host = afterScheme.split(separator: "@").last ?? afterScheme
    var port: Substring = "4222"
    if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
      (host, port) = (host[..<colon], host[host.index(after: colon)...])
    }
    return (String(host.drop { $0 == "[" }.prefix { $0 != "]" }), String(port))
  }

  private static func isLoopback(_ server: String) -> Bool {
    let afterScheme = server.split(separator: "/").last.map(String.init) ?? server
    let host = afterScheme.split(separator: "@").last.map(String.init) ?? afterScheme
    // An IPv6 address may be written without brackets.
    if ["[::1]", "::1"].contains(where: { host == $0 || host.hasPrefix("\($0):") }) { return true }
    let name = host.prefix { $0 != ":" }
    return name == "localhost" || name.hasPrefix("127.") && name.allSatisfy { $0.isNumber || $0 == "." }
  }

  /// An address for messages, without user and password.
  static func withoutSecrets(_ address: String) -> String {
    guard let at = address.lastIndex(of: "@") else { return address }
    let scheme =
      address.split(separator: "/", maxSplits: 1).first.map { $0.hasSuffix(":") ? "\($0)//" : "" } ?? ""
    return scheme + address[address.index(after: at)...]
  }

  /// The text of a small file.
  package static func text(_ path: String) -> String? {
    (try? WholeFile.read(path)).map { String(decoding: $0, as: UTF8.self) }
  }
}

extension String {
  /// The text without white space and line breaks at both ends.
  package var trimmed: String {
    var view = self[...]
    while let first = view.first, first.isWhitespace { view.removeFirst() }
    while let last = view.last, last.isWhitespace { view.removeLast() }
    return String(view)
  }
}
