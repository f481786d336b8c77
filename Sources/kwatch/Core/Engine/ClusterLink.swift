// SPDX-License-Identifier: Apache-2.0
import CCurl
import Process

/// The way to one cluster as one user: makes requests with all that the kubeconfig says about it.
package final class ClusterLink {
  let name: String
  let target: ClusterTarget
  let credentials: Credentials
  var heartbeat = Heartbeat(at: MonotonicClock.now)
  private let pathPrefix: String
  private let proxyURL: String
  private let impersonation: Kubeconfig.Impersonation

  init(
    name: String, target: ClusterTarget, _ configuration: WatchConfiguration,
    wake: @escaping @Sendable () -> Void
  ) {
    self.name = name
    self.target = target
    credentials = Credentials(target, wake: wake)
    pathPrefix = configuration.pathPrefix
    proxyURL = configuration.proxyURL.isEmpty ? target.cluster.proxyURL : configuration.proxyURL
    var impersonation = target.user.impersonation
    if !configuration.impersonatedUser.isEmpty { impersonation.user = configuration.impersonatedUser }
    self.impersonation = impersonation
  }

  /// A request, not yet started.
  ///
  /// `compressed`: worth asking for gzip, which is not done over loopback, where it only costs; `fresh`: on a
  /// connection of its own. Nil while the credentials are being fetched; throws where they, or a file of the kubeconfig, are not to be had.
  func exchange(
    _ path: String, accept: String = "application/json", compressed: Bool = false, fresh: Bool = false
  ) throws(ConfigError) -> Exchange? {
    guard let material = try credentials.current() else { return nil }
    guard let exchange = Exchange() else { throw ConfigError("libcurl has no handle left") }
    let server = target.server
    let certified = target.cluster.tlsServerName
    let address = "\(server.hostInURL):\(server.port)"
    if certified.isEmpty {
      exchange.set(CURLOPT_URL, "\(server.scheme)://\(address)\(server.path)\(pathPrefix)\(path)")
    } else {
      // libcurl checks the certificate against the URL's host: that is the certified name, connected elsewhere.
      exchange.set(
        CURLOPT_URL, "\(server.scheme)://\(certified):\(server.port)\(server.path)\(pathPrefix)\(path)")
      exchange.setConnectTo("\(certified):\(server.port):\(address)")
      exchange.addHeader("Host: \(address)")
    }
    exchange.set(CURLOPT_USERAGENT, "kwatch/\(Version.string)")
    exchange.addHeader("Accept: \(accept)")
    if compressed, !server.isLoopback, !target.cluster.disablesCompression {
      exchange.set(CURLOPT_ACCEPT_ENCODING, "gzip")
    }
    if fresh { exchange.set(CURLOPT_FRESH_CONNECT, 1) }
    setProxy(exchange)
    if server.scheme == "https" { setTLS(exchange, material) }
    setIdentity(exchange, material)
    return exchange
  }

  private func setProxy(_ exchange: Exchange) {
    if !proxyURL.isEmpty {
      exchange.set(CURLOPT_PROXY, proxyURL)
      exchange.set(CURLOPT_NOPROXY, "")
    } else if target.server.isLoopback {
      // As Go does: a proxy from the environment is not asked for this machine.
      exchange.set(CURLOPT_NOPROXY, "*")
    }
  }

  private func setTLS(_ exchange: Exchange, _ material: AuthMaterial) {
    exchange.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if target.cluster.isInsecure {
      exchange.set(CURLOPT_SSL_VERIFYPEER, 0)
      exchange.set(CURLOPT_SSL_VERIFYHOST, 0)
    }
    // The kubeconfig's authority is the only one then: not also those that the system trusts.
    if target.cluster.authority != nil { exchange.unset(CURLOPT_CAPATH) }
    switch target.cluster.authority {
    case .file(let path): exchange.set(CURLOPT_CAINFO, path)
    case .inline(let bytes): exchange.set(CURLOPT_CAINFO_BLOB, bytes: bytes)
    case nil: break
    }
    switch material.certificate {
    case .file(let path): exchange.set(CURLOPT_SSLCERT, path)
    case .inline(let bytes): exchange.set(CURLOPT_SSLCERT_BLOB, bytes: bytes)
    case nil: break
    }
    switch material.key {
    case .file(let path): exchange.set(CURLOPT_SSLKEY, path)
    case .inline(let bytes): exchange.set(CURLOPT_SSLKEY_BLOB, bytes: bytes)
    case nil: break
    }
  }

  private func setIdentity(_ exchange: Exchange, _ material: AuthMaterial) {
    if !material.token.isEmpty {
      exchange.addHeader("Authorization: Bearer \(Self.headerValue(material.token))")
    } else if !material.username.isEmpty {
      let pair = Array("\(material.username):\(material.password)".utf8)
      exchange.addHeader("Authorization: Basic \(Base64.encode(pair))")
    }
    guard !impersonation.user.isEmpty || !impersonation.groups.isEmpty else { return }
    exchange.addHeader("Impersonate-User: \(Self.headerValue(impersonation.user))")
    if !impersonation.uid.isEmpty {
      exchange.addHeader("Impersonate-Uid: \(Self.headerValue(impersonation.uid))")
    }
    for group in impersonation.groups { exchange.addHeader("Impersonate-Group: \(Self.headerValue(group))") }
    for (key, values) in impersonation.extra.sorted(by: { $0.key < $1.key }) {
      for value in values {
        exchange.addHeader("Impersonate-Extra-\(Query.escape(key.lowercased())): \(Self.headerValue(value))")
      }
    }
  }

  /// A line break in a value would begin another header.
  private static func headerValue(_ text: String) -> String {
    String(text.filter { !$0.isNewline && $0 != "\0" })
  }
}
