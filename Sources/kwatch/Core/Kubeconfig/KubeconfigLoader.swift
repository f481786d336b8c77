// SPDX-License-Identifier: Apache-2.0

/// Finds and merges kubeconfig files by kubectl's rules, and says where a context leads.
struct KubeconfigLoader {
  /// The values of environment variables.
  var environment: (String) -> String?
  /// A file's bytes, nil where there is none.
  var read: (String) throws(ConfigError) -> [UInt8]?

  static let serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// The merged kubeconfig: `--kubeconfig` alone, else the files of `KUBECONFIG`, else `~/.kube/config`.
  ///
  /// - Parameter explicit: the flag's value; that file must exist, the others may be missing.
  /// - Returns: what all files together say; empty where there are none.
  /// - Throws: `ConfigError` for a file that cannot be read or understood.
  func load(explicit: String?) throws(ConfigError) -> Kubeconfig {
    if let explicit {
      guard let text = try read(explicit) else {
        throw ConfigError("kubeconfig '\(explicit)' does not exist")
      }
      return try KubeconfigParser(path: explicit).parse(text)
    }
    var paths = (environment("KUBECONFIG") ?? "").split(separator: ":").map(String.init)
    if paths.isEmpty, let home = environment("HOME") { paths = ["\(home)/.kube/config"] }
    var merged = Kubeconfig()
    for path in paths {
      guard let text = try read(path) else { continue }
      merged.merge(try KubeconfigParser(path: path).parse(text))
    }
    return merged
  }

  /// Where the named contexts lead; none named: the current one, else the cluster this process runs in.
  func targets(
    explicit: String?, contexts: [String]
  ) throws(ConfigError) -> [(name: String, target: ClusterTarget)] {
    let config = try load(explicit: explicit)
    var names = contexts
    if names.isEmpty, !config.currentContext.isEmpty { names = [config.currentContext] }
    if names.isEmpty {
      if explicit == nil, let target = try inCluster() { return [("in-cluster", target)] }
      throw ConfigError(
        "no context: set current-context in the kubeconfig, give --context, or point KUBECONFIG at a file")
    }
    var targets: [(name: String, target: ClusterTarget)] = []
    for name in names { targets.append((name, try target(config, name))) }
    return targets
  }

  private func target(_ config: Kubeconfig, _ name: String) throws(ConfigError) -> ClusterTarget {
    guard let context = config.contexts[name] else {
      let known = config.contexts.keys.sorted().joined(separator: ", ")
      throw ConfigError("no context '\(name)' in the kubeconfig; there is \(known.isEmpty ? "none" : known)")
    }
    guard let cluster = config.clusters[context.cluster] else {
      throw ConfigError(
        "context '\(name)' names a cluster '\(context.cluster)' that the kubeconfig does not have")
    }
    var user = Kubeconfig.User()
    if !context.user.isEmpty {
      guard let known = config.users[context.user] else {
        throw ConfigError(
          "context '\(name)' names a user '\(context.user)' that the kubeconfig does not have")
      }
      user = known
    }
    guard user.authProvider.isEmpty || user.exec != nil else {
      throw ConfigError(
        "user '\(context.user)' uses the auth-provider '\(user.authProvider)', which Kubernetes has removed; "
          + "use an exec plugin")
    }
    // client-go's rule: who says how TLS is to be verified, means TLS.
    let meansTLS = cluster.authority != nil || cluster.isInsecure || user.certificate != nil
    return ClusterTarget(
      server: try ServerAddress(cluster.server, defaultScheme: meansTLS ? "https" : "http"), cluster: cluster,
      user: user, namespace: context.namespace.isEmpty ? "default" : context.namespace)
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
    return ClusterTarget(
      server: try ServerAddress(cluster.server), cluster: cluster, user: user,
      namespace: namespace ?? "default")
  }
}
