// SPDX-License-Identifier: Apache-2.0
import Yams

/// Reads one kubeconfig file's text, YAML or JSON.
///
/// Unknown fields are skipped, as kubectl does; a field of the wrong kind is an error that names its place.
struct KubeconfigParser {
  /// The file, for messages.
  let path: String
  /// What relative paths in the file are relative to: its folder.
  let folder: String

  static let sizeLimit = 4 << 20

  init(path: String) {
    self.path = path
    folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  func parse(_ text: [UInt8]) throws(ConfigError) -> Kubeconfig {
    guard text.count <= Self.sizeLimit else { throw fault("is larger than 4 MiB") }
    guard Self.isShallow(text) else { throw fault("is nested too deeply") }
    let root: Node?
    do { root = try Yams.compose(yaml: String(decoding: text, as: UTF8.self)) } catch {
      throw fault("is not YAML: \(Self.firstLine(of: error))")
    }
    var config = Kubeconfig()
    guard let root, !Self.isNull(root) else { return config }
    guard let mapping = root.mapping else { throw fault("is not a mapping") }
    config.currentContext = try string(mapping, "current-context", at: "")
    for (name, entry) in try named(mapping, "clusters", "cluster") {
      config.clusters[name] = try cluster(entry, at: "clusters[\(name)].")
    }
    for (name, entry) in try named(mapping, "users", "user") {
      config.users[name] = try user(entry, at: "users[\(name)].")
    }
    for (name, entry) in try named(mapping, "contexts", "context") {
      let place = "contexts[\(name)]."
      config.contexts[name] = Kubeconfig.Context(
        cluster: try string(entry, "cluster", at: place), user: try string(entry, "user", at: place),
        namespace: try string(entry, "namespace", at: place))
    }
    return config
  }

  private func cluster(_ node: Node.Mapping, at place: String) throws(ConfigError) -> Kubeconfig.Cluster {
    Kubeconfig.Cluster(
      server: try string(node, "server", at: place),
      authority: try material(node, "certificate-authority", at: place),
      isInsecure: try flag(node, "insecure-skip-tls-verify", at: place),
      tlsServerName: try string(node, "tls-server-name", at: place),
      proxyURL: try string(node, "proxy-url", at: place),
      disablesCompression: try flag(node, "disable-compression", at: place))
  }

  private func user(_ node: Node.Mapping, at place: String) throws(ConfigError) -> Kubeconfig.User {
    var user = Kubeconfig.User()
    user.certificate = try material(node, "client-certificate", at: place)
    user.key = try material(node, "client-key", at: place)
    user.token = try string(node, "token", at: place)
    user.tokenFile = absolute(try string(node, "tokenFile", at: place))
    user.username = try string(node, "username", at: place)
    user.password = try string(node, "password", at: place)
    user.impersonation.user = try string(node, "as", at: place)
    user.impersonation.uid = try string(node, "as-uid", at: place)
    user.impersonation.groups = try strings(node, "as-groups", at: place)
    if let extra = try mapping(node, "as-user-extra", at: place) {
      for (key, _) in extra {
        guard let key = key.string else { continue }
        user.impersonation.extra[key] = try strings(extra, key, at: place + "as-user-extra.")
      }
    }
    if let provider = try mapping(node, "auth-provider", at: place) {
      user.authProvider = try string(provider, "name", at: place + "auth-provider.")
    }
    if let exec = try mapping(node, "exec", at: place) { user.exec = try plugin(exec, at: place + "exec.") }
    return user
  }

  private func plugin(_ node: Node.Mapping, at place: String) throws(ConfigError) -> Kubeconfig.ExecPlugin {
    var plugin = Kubeconfig.ExecPlugin(command: try string(node, "command", at: place))
    guard !plugin.command.isEmpty else { throw fault("has no \(place)command") }
    // A command with a slash is a path, relative to the file; a bare name is looked up in PATH.
    if plugin.command.contains("/") { plugin.command = absolute(plugin.command) }
    plugin.arguments = try strings(node, "args", at: place)
    plugin.apiVersion = try string(node, "apiVersion", at: place)
    plugin.installHint = try string(node, "installHint", at: place)
    plugin.interactiveMode = try string(node, "interactiveMode", at: place)
    plugin.wantsClusterInfo = try flag(node, "provideClusterInfo", at: place)
    for entry in try sequence(node, "env", at: place) {
      guard let entry = entry.mapping else {
        throw fault("has a \(place)env that is no list of name and value")
      }
      let name = try string(entry, "name", at: place + "env.")
      plugin.environment[name] = try string(entry, "value", at: place + "env.")
    }
    return plugin
  }

  private func absolute(_ path: String) -> String {
    path.isEmpty || path.hasPrefix("/") ? path : "\(folder)/\(path)"
  }
}

// MARK: - Fields

extension KubeconfigParser {
  private func fault(_ message: String) -> ConfigError { ConfigError("kubeconfig '\(path)' \(message)") }

  private static func firstLine(of error: any Error) -> String {
    "\(error)".split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
  }

  private static func isNull(_ node: Node) -> Bool {
    guard case .scalar(let scalar) = node, scalar.style == .any || scalar.style == .plain else {
      return false
    }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  private func field(_ node: Node.Mapping, _ key: String) -> Node? {
    for (name, value) in node where name.string == key { return Self.isNull(value) ? nil : value }
    return nil
  }

  private func string(_ node: Node.Mapping, _ key: String, at place: String) throws(ConfigError) -> String {
    guard let value = field(node, key) else { return "" }
    guard case .scalar(let scalar) = value else { throw fault("has a \(place)\(key) that is no string") }
    return scalar.string
  }

  private func flag(_ node: Node.Mapping, _ key: String, at place: String) throws(ConfigError) -> Bool {
    switch try string(node, key, at: place) {
    case "true", "True", "TRUE": return true
    case "", "false", "False", "FALSE": return false
    case let other: throw fault("has a \(place)\(key) that is neither true nor false: '\(other)'")
    }
  }

  private func mapping(
    _ node: Node.Mapping, _ key: String, at place: String
  ) throws(ConfigError) -> Node.Mapping? {
    guard let value = field(node, key) else { return nil }
    guard let mapping = value.mapping else { throw fault("has a \(place)\(key) that is no mapping") }
    return mapping
  }

  private func sequence(_ node: Node.Mapping, _ key: String, at place: String) throws(ConfigError) -> [Node] {
    guard let value = field(node, key) else { return [] }
    guard let sequence = value.sequence else { throw fault("has a \(place)\(key) that is no list") }
    return Array(sequence)
  }

  private func strings(_ node: Node.Mapping, _ key: String, at place: String) throws(ConfigError) -> [String]
  {
    var texts: [String] = []
    for element in try sequence(node, key, at: place) {
      guard case .scalar(let scalar) = element else {
        throw fault("has a \(place)\(key) that is no list of strings")
      }
      texts.append(scalar.string)
    }
    return texts
  }

  /// `[{name: …, KIND: {…}}, …]`; of a name given twice the first stands.
  private func named(
    _ node: Node.Mapping, _ list: String, _ kind: String
  ) throws(ConfigError) -> [(String, Node.Mapping)] {
    var entries: [(String, Node.Mapping)] = []
    var names: Set<String> = []
    for element in try sequence(node, list, at: "") {
      guard let element = element.mapping else { throw fault("has an entry of \(list) that is no mapping") }
      let name = try string(element, "name", at: list + ".")
      guard names.insert(name).inserted else { continue }
      entries.append((name, try mapping(element, kind, at: "\(list)[\(name)].") ?? Node.Mapping([])))
    }
    return entries
  }

  private func material(
    _ node: Node.Mapping, _ key: String, at place: String
  ) throws(ConfigError) -> Kubeconfig.Material? {
    let data = try string(node, key + "-data", at: place)
    if !data.isEmpty {
      guard let bytes = Base64.decode(data.utf8) else {
        throw fault("has a \(place)\(key)-data that is no base64")
      }
      return .inline(bytes)
    }
    let path = try string(node, key, at: place)
    return path.isEmpty ? nil : .file(absolute(path))
  }

  /// Whether the YAML parser, which recurses, is safe with this text: no level of nesting comes without a
  /// column of indentation, an indicator or a bracket.
  static func isShallow(_ text: [UInt8]) -> Bool {
    var brackets = 0
    var column = 0
    var isLeading = true
    for byte in text {
      switch byte {
      case 0x0A:
        column = 0
        isLeading = true
        continue
      case UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"): brackets = max(0, brackets - 1)
      case 0x20, 0x09, UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"): break
      default: isLeading = false
      }
      if isLeading { column += 1 }
      if brackets > 200 || column > 1000 { return false }
    }
    return true
  }
}
