// SPDX-License-Identifier: Apache-2.0
import Encoding
import YAML

/// Reads one kubeconfig file's text, YAML or JSON.
///
/// Unknown fields are skipped, as kubectl does; a field of the wrong kind is an error that names its place.
struct KubeconfigParser {
  /// The file, for messages.
  let path: String
  /// The folder of the file, to which its relative paths refer.
  let folder: String

  static let sizeLimit = 4 << 20

  init(path: String) {
    self.path = path
    folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  func parse(_ text: [UInt8]) throws(ConfigError) -> Kubeconfig {
    guard text.count <= Self.sizeLimit else { throw fault("is larger than 4 MiB") }
    let root: YAMLNode?
    do { root = try YAMLNode.parse(text) } catch { throw fault("is not YAML: \(error)") }
    var config = Kubeconfig()
    guard let root, !root.isNull else { return config }
    guard case .mapping(let mapping) = root else { throw fault("is not a mapping") }
    try checkForm(mapping)
    config.currentContext = try string(mapping, "current-context", at: "")
    for (name, entry) in try named(mapping, "clusters", "cluster") {
      config.clusters[name] = try cluster(entry, at: "clusters[\(name)].")
    }
    for (name, entry) in try named(mapping, "users", "user") {
      config.users[name] = try user(entry, at: "users[\(name)].")
    }
    for (name, entry) in try named(mapping, "contexts", "context") {
      let place = "contexts[\(name)]."
      _ = try extensions(entry, at: place)
      config.contexts[name] = Kubeconfig.Context(
        cluster: try string(entry, "cluster", at: place), user: try string(entry, "user", at: place),
        namespace: try string(entry, "namespace", at: place))
    }
    return config
  }

  /// Refuses what kubectl refuses in fields that have no use here.
  private func checkForm(_ root: Members) throws(ConfigError) {
    for (key, expected) in [("kind", "Config"), ("apiVersion", "v1")] {
      let found = try string(root, key, at: "")
      guard found.isEmpty || found == expected else {
        throw fault("has the \(key) '\(found)', not \(expected): it is another kind of file")
      }
    }
    _ = try extensions(root, at: "")
    if let preferences = try mapping(root, "preferences", at: "") {
      _ = try extensions(preferences, at: "preferences.")
    }
  }

  fileprivate func cluster(_ node: Members, at place: String) throws(ConfigError) -> Kubeconfig.Cluster {
    Kubeconfig.Cluster(
      server: try string(node, "server", at: place),
      authority: try material(node, "certificate-authority", at: place),
      isInsecure: try flag(node, "insecure-skip-tls-verify", at: place),
      tlsServerName: try string(node, "tls-server-name", at: place),
      proxyURL: try string(node, "proxy-url", at: place),
      disablesCompression: try flag(node, "disable-compression", at: place),
      execConfig: try execConfig(node, at: place),
      doubled: try doubled(node, ["certificate-authority"], at: place))
  }

  /// `extensions: [{name: client.authentication.k8s.io/exec, extension: …}]`.
  private func execConfig(_ node: Members, at place: String) throws(ConfigError) -> String {
    let entry = try extensions(node, at: place).first { $0.name == "client.authentication.k8s.io/exec" }
    return entry.flatMap { field($0.members, "extension")?.json } ?? ""
  }

  private func extensions(
    _ node: Members, at place: String
  ) throws(ConfigError) -> [(name: String, members: Members)] {
    var entries: [(name: String, members: Members)] = []
    for entry in try sequence(node, "extensions", at: place) where !entry.isNull {
      guard case .mapping(let entry) = entry else {
        throw fault("has an entry of \(place)extensions that is not a mapping")
      }
      entries.append((try string(entry, "name", at: place + "extensions."), entry))
    }
    return entries
  }

  private func user(_ node: Members, at place: String) throws(ConfigError) -> Kubeconfig.User {
    var user = Kubeconfig.User()
    _ = try extensions(node, at: place)
    user.doubled = try doubled(node, ["client-certificate", "client-key"], at: place)
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
      for (key, _, _) in extra {
        guard let key = key.string else { continue }
        user.impersonation.extra[key] = try strings(extra, key, at: place + "as-user-extra.")
      }
    }
    if let provider = try mapping(node, "auth-provider", at: place) {
      let settings = try mapping(provider, "config", at: place + "auth-provider.") ?? []
      user.authProvider = Kubeconfig.AuthProvider(
        name: try string(provider, "name", at: place + "auth-provider."),
        idToken: try string(settings, "id-token", at: place + "auth-provider.config."),
        canRefresh: try !string(settings, "refresh-token", at: place + "auth-provider.config.").isEmpty)
    }
    if let exec = try mapping(node, "exec", at: place) { user.exec = try plugin(exec, at: place + "exec.") }
    return user
  }

  private func plugin(_ node: Members, at place: String) throws(ConfigError) -> Kubeconfig.ExecPlugin {
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
      guard case .mapping(let entry) = entry else {
        throw fault("has a \(place)env that is not a list of name and value")
      }
      let name = try string(entry, "name", at: place + "env.")
      plugin.environment[name] = try string(entry, "value", at: place + "env.")
    }
    return plugin
  }

  private func absolute(_ path: String) -> String {
    guard !path.isEmpty, !path.hasPrefix("/") else { return path }
    var parts: [Substring] = []
    for part in "\(folder)/\(path)".split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
    }
    let joined = parts.joined(separator: "/")
    // A bare name would be looked up in PATH.
    return folder.hasPrefix("/") ? "/\(joined)" : parts.count > 1 ? joined : "./\(joined)"
  }
}

// MARK: - Fields

extension KubeconfigParser {
  fileprivate typealias Members = YAMLNode.Mapping

  private func fault(_ message: String) -> ConfigError { ConfigError("kubeconfig '\(path)' \(message)") }

  /// The last of repeated keys counts, as for kubectl.
  private func field(_ node: Members, _ key: String) -> YAMLNode? {
    guard let value = node.last(where: { $0.key.string == key })?.value, !value.isNull else { return nil }
    return value
  }

  private func string(_ node: Members, _ key: String, at place: String) throws(ConfigError) -> String {
    guard let value = field(node, key) else { return "" }
    guard let text = value.jsonString else {
      throw fault(
        value.string == nil
          ? "has a \(place)\(key) that is not a string"
          : "has a \(place)\(key) that is \(value.kindInJSON), not a string: put it in quotes")
    }
    return text
  }

  private func flag(_ node: Members, _ key: String, at place: String) throws(ConfigError) -> Bool {
    guard let value = field(node, key) else { return false }
    guard case .scalar(let text, let isPlain) = value else {
      throw fault("has a \(place)\(key) that is neither true nor false")
    }
    guard isPlain, case .bool(let flag) = PlainScalar(text) else {
      let advice = isPlain ? "" : ": remove the quotes"
      throw fault("has a \(place)\(key) that is neither true nor false, but \(value.kindInJSON)\(advice)")
    }
    return flag
  }

  private func mapping(
    _ node: Members, _ key: String, at place: String
  ) throws(ConfigError) -> Members? {
    guard let value = field(node, key) else { return nil }
    guard case .mapping(let mapping) = value else {
      throw fault("has a \(place)\(key) that is not a mapping")
    }
    return mapping
  }

  private func sequence(_ node: Members, _ key: String, at place: String) throws(ConfigError) -> [YAMLNode] {
    guard let value = field(node, key) else { return [] }
    guard case .sequence(let sequence) = value else { throw fault("has a \(place)\(key) that is not a list") }
    return sequence
  }

  private func strings(_ node: Members, _ key: String, at place: String) throws(ConfigError) -> [String] {
    var texts: [String] = []
    for element in try sequence(node, key, at: place) {
      guard let text = element.jsonString else {
        let advice = element.string == nil ? "" : ": put \(element.kindInJSON) in quotes"
        throw fault("has a \(place)\(key) that is not a list of strings\(advice)")
      }
      texts.append(text)
    }
    return texts
  }

  /// `[{name: …, KIND: {…}}, …]`. A name given twice is refused, as kubectl does: which entry is meant?
  private func named(
    _ node: Members, _ list: String, _ kind: String
  ) throws(ConfigError) -> [(String, Members)] {
    var entries: [(String, Members)] = []
    var names: Set<String> = []
    for element in try sequence(node, list, at: "") {
      guard case .mapping(let element) = element else {
        throw fault("has an entry of \(list) that is not a mapping")
      }
      let name = try string(element, "name", at: list + ".")
      guard names.insert(name).inserted else {
        throw fault("has two entries named '\(name)' in \(list): rename or remove one of them")
      }
      entries.append((name, try mapping(element, kind, at: "\(list)[\(name)].") ?? []))
    }
    return entries
  }

  /// Those of the fields that are given as a file and as data.
  private func doubled(_ node: Members, _ keys: [String], at place: String) throws(ConfigError) -> [String] {
    var found: [String] = []
    for key in keys where try !string(node, key, at: place).isEmpty {
      if try !string(node, key + "-data", at: place).isEmpty { found.append("\(place)\(key)") }
    }
    return found
  }

  private func material(
    _ node: Members, _ key: String, at place: String
  ) throws(ConfigError) -> Kubeconfig.Material? {
    let data = try string(node, key + "-data", at: place)
    if !data.isEmpty {
      let name = "\(place)\(key)-data"
      // A !!binary value has been decoded already, and some tools encode no second time.
      if data.hasPrefix("-----BEGIN ") {
        return .inline(Array(data.utf8), place: "\(name) of '\(self.path)'")
      }
      guard let bytes = Base64.decode(data.utf8) else { throw fault("has a \(name) that is not base64") }
      return .inline(bytes, place: "\(name) of '\(self.path)'")
    }
    let path = try string(node, key, at: place)
    return path.isEmpty ? nil : .file(absolute(path))
  }
}
