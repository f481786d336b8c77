// SPDX-License-Identifier: Apache-2.0
import Process
import YAML

/// Finds and merges kubeconfig files by kubectl's rules, and resolves contexts to clusters and users.
package struct KubeconfigLoader {
  /// The values of environment variables.
  var environment: (String) -> String?
  /// A file's bytes; nil if there is no such file.
  var read: (String) throws(ConfigError) -> [UInt8]?
  /// Reports a warning; loading continues.
  var warn: (String) -> Void = { _ in }
  /// The values from the command line, which replace those of the kubeconfig.
  var overrides = Overrides()

  /// Flags that replace a part of every context that is used.
  package struct Overrides: Equatable, Sendable {
    package var server = ""
    package var tokenFile = ""
    package var impersonatedUser = ""
    package var impersonatedGroups: [String] = []

    package init() {}
  }

  static let serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// The files to read: `--kubeconfig` alone, else those of `KUBECONFIG`, else `~/.kube/config`.
  private func paths(explicit: String?) -> [String] {
    if let explicit { return [explicit] }
    let listed = (environment("KUBECONFIG") ?? "").split(separator: ":").map(String.init)
    if listed.isEmpty, let home = environment("HOME") { return ["\(home)/.kube/config"] }
    return listed
  }

  /// The merged kubeconfig.
  ///
  /// - Parameter explicit: the flag's value; that file must exist, the others may be missing.
  /// - Returns: the content of all files together; empty if there are none.
  /// - Throws: `ConfigError` for a file that cannot be read or understood.
  func load(explicit: String?) throws(ConfigError) -> Kubeconfig {
    var merged = Kubeconfig()
    for path in paths(explicit: explicit) {
      if let text = try read(path) {
        let config = try KubeconfigParser(path: path).parse(text)
        // kubectl ignores them without a word. Another kind of file gets an error for its content instead.
        if !config.contexts.isEmpty || !config.currentContext.isEmpty, YAMLNode.hasSeveralDocuments(text) {
          warn("kubeconfig '\(path)' has several documents: only the first is read, the others are ignored")
        }
        merged.merge(config)
      } else if explicit != nil {
        throw ConfigError("kubeconfig '\(path)' does not exist")
      }
    }
    return merged
  }

  /// The clusters and users of the named contexts; if none is named, of the current one, else the cluster that this
  /// process runs in.
  func targets(
    explicit: String?, contexts: [String]
  ) throws(ConfigError) -> [(name: String, target: ClusterTarget)] {
    let config = try load(explicit: explicit)
    var names = contexts
    if names.isEmpty, !config.currentContext.isEmpty { names = [config.currentContext] }
    if names.isEmpty {
      if explicit == nil, overrides.server.isEmpty, let target = try inCluster() {
        return [("in-cluster", target)]
      }
      guard !overrides.server.isEmpty else { throw try noContext(explicit) }
      return [
        (overrides.server, try target(Kubeconfig.Cluster(), Kubeconfig.User(), named: "", namespace: ""))
      ]
    }
    guard overrides.server.isEmpty || names.count == 1 else {
      throw ConfigError("--server replaces the server of one context, not of \(names.count)", status: .usage)
    }
    var targets: [(name: String, target: ClusterTarget)] = []
    for name in names {
      if targets.contains(where: { $0.name == name }) {
        warn("--context \(name) is given twice, and is used once")
      } else {
        targets.append((name, try target(config, name)))
      }
    }
    return targets
  }

  private func noContext(_ explicit: String?) throws(ConfigError) -> ConfigError {
    let paths = paths(explicit: explicit)
    guard !paths.isEmpty else {
      return ConfigError("no kubeconfig: neither KUBECONFIG nor HOME is set; give --kubeconfig FILE")
    }
    var missing: [String] = []
    for path in paths where try read(path) == nil { missing.append("'\(path)'") }
    let advice = "set current-context, give --context, or point KUBECONFIG at another file"
    guard missing.count == paths.count else {
      return ConfigError("no current-context in \(paths.joined(separator: ", ")): \(advice)")
    }
    let source = environment("KUBECONFIG").map { $0.isEmpty ? "" : " (KUBECONFIG)" } ?? ""
    let verb = missing.count == 1 ? "does" : "do"
    return ConfigError(
      "no kubeconfig: \(missing.joined(separator: ", "))\(source) \(verb) not exist; \(advice)")
  }

  private func target(_ config: Kubeconfig, _ name: String) throws(ConfigError) -> ClusterTarget {
    guard let context = config.contexts[name] else {
      let known = config.contexts.keys.sorted().joined(separator: ", ")
      throw ConfigError(
        "no context '\(name)' in the kubeconfig; "
          + (known.isEmpty ? "it has no contexts" : "its contexts are \(known)"))
    }
    var cluster = Kubeconfig.Cluster()
    if let known = config.clusters[context.cluster] {
      cluster = known
    } else if overrides.server.isEmpty {
      throw ConfigError(
        "context '\(name)' refers to the cluster '\(context.cluster)', which the kubeconfig does not have")
    }
    var user = Kubeconfig.User()
    if !context.user.isEmpty {
      guard let known = config.users[context.user] else {
        throw ConfigError(
          "context '\(name)' refers to the user '\(context.user)', which the kubeconfig does not have")
      }
      user = known
    }
    return try target(cluster, user, named: context.user, namespace: context.namespace)
  }

  /// Applies the flags, and refuses what kubectl refuses.
  private func target(
    _ cluster: Kubeconfig.Cluster, _ user: Kubeconfig.User, named userName: String, namespace: String
  ) throws(ConfigError) -> ClusterTarget {
    var (cluster, user) = (cluster, user)
    if !overrides.server.isEmpty { cluster.server = overrides.server }
    if !overrides.tokenFile.isEmpty {
      (user.token, user.tokenFile) = ("", overrides.tokenFile)
      (user.exec, user.authProvider) = (nil, nil)
    }
    if !overrides.impersonatedUser.isEmpty { user.impersonation.user = overrides.impersonatedUser }
    if !overrides.impersonatedGroups.isEmpty { user.impersonation.groups = overrides.impersonatedGroups }
    try UserRules.check(cluster, user, named: userName)
    let impersonation = user.impersonation
    if impersonation.user.isEmpty, impersonation != Kubeconfig.Impersonation() {
      guard overrides.impersonatedGroups.isEmpty else {
        throw ConfigError("--as-group needs the user to impersonate: give --as", status: .usage)
      }
      throw ConfigError("user '\(userName)' has as-groups, as-uid or as-user-extra without as")
    }
    if let provider = user.authProvider, user.exec == nil {
      user.token = try provider.token(for: userName)
    }
    if let exec = user.exec { try exec.check() }
    // client-go's rule: a cluster with settings for TLS is reached by TLS.
    let meansTLS = cluster.authority != nil || cluster.isInsecure || user.certificate != nil
    return ClusterTarget(
      server: try ServerAddress(cluster.server, defaultScheme: meansTLS ? "https" : "http"), cluster: cluster,
      user: user, namespace: namespace.isEmpty ? "default" : namespace)
  }

  /// A pod's service account, by the variables and files that Kubernetes gives every pod.
  private func inCluster() throws(ConfigError) -> ClusterTarget? {
    guard let host = environment("KUBERNETES_SERVICE_HOST"),
      let port = environment("KUBERNETES_SERVICE_PORT"),
      !host.isEmpty, !port.isEmpty, try read("\(Self.serviceAccount)/token") != nil
    else { return nil }
    var cluster = Kubeconfig.Cluster()
    cluster.server = "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    cluster.authority = .file("\(Self.serviceAccount)/ca.crt")
    var user = Kubeconfig.User()
    user.tokenFile = "\(Self.serviceAccount)/token"
    let namespace = try read("\(Self.serviceAccount)/namespace").map {
      String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace }
    }
    return try target(cluster, user, named: "", namespace: namespace ?? "")
  }
}
