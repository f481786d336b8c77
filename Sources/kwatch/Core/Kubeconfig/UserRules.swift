// SPDX-License-Identifier: Apache-2.0

/// What kubectl refuses in the user and the cluster of the context that is used.
enum UserRules {
  static func check(
    _ cluster: Kubeconfig.Cluster, _ user: Kubeconfig.User, named name: String
  ) throws(ConfigError) {
    if let authority = cluster.authority, cluster.isInsecure {
      throw ConfigError(
        "the cluster \(cluster.server) has insecure-skip-tls-verify beside the certificate authority in "
          + "\(authority.place): remove one of them, because they contradict each other")
    }
    let certified = cluster.tlsServerName
    guard certified.isEmpty || ServerAddress.hostInURL(certified: certified) != nil else {
      throw ConfigError(
        "the tls-server-name '\(certified)' of the cluster is neither a host name nor an IP address")
    }
    if let field = (cluster.doubled + user.doubled).first {
      throw ConfigError("the kubeconfig has both \(field) and \(field)-data: remove one of them")
    }
    if !user.token.isEmpty, !user.username.isEmpty || !user.password.isEmpty {
      throw ConfigError("user '\(name)' has a token and also a username or a password: remove one of them")
    }
    if user.exec != nil, user.authProvider != nil {
      throw ConfigError("user '\(name)' has an exec plugin and also an auth-provider: remove one of them")
    }
    let impersonation = user.impersonation
    let headers =
      [("token", user.token), ("as", impersonation.user), ("as-uid", impersonation.uid)]
      + impersonation.groups.map { ("as-groups", $0) }
      + impersonation.extra.values.flatMap { $0 }.map { ("as-user-extra", $0) }
    for (field, value) in headers where value.utf8.contains(where: isControl) {
      throw ConfigError(
        "user '\(name)' has a line break or another control character in \(field): a request cannot carry it")
    }
  }

  private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 || byte == 0x7F }
}
