// SPDX-License-Identifier: Apache-2.0
import CCurl
import Encoding
import Process

/// One cluster as one user: makes requests with the settings of the kubeconfig.
package final class ClusterLink {
  let name: String
  let target: ClusterTarget
  let credentials: Credentials
  var heartbeat = Heartbeat(at: MonotonicClock.now)
  var outage = Outage()
  private let pathPrefix: String
  private let proxy: Proxy
  /// The run makes one list, page after page, and no watch. HTTP/1.1 then costs an eighth less CPU than HTTP/2
  /// (Benchmarks/kwatch/results.md), whose streams would share the connection with nothing.
  private let needsOneConnection: Bool

  init(
    name: String, target: ClusterTarget, _ configuration: WatchConfiguration,
    wake: @escaping @Sendable () -> Void
  ) throws(ConfigError) {
    self.name = name
    self.target = target
    credentials = Credentials(target, wake: wake)
    pathPrefix = configuration.pathPrefix
    needsOneConnection =
      configuration.scope.isSnapshot && configuration.resources.count == 1
      && configuration.namespaces.count <= 1
    proxy = try Proxy(
      explicit: configuration.proxyURL.isEmpty ? target.cluster.proxyURL : configuration.proxyURL,
      to: target.server, environment: KubeconfigLoader.system().environment)
  }

  /// For messages: `context prod, https://10.0.0.1:6443`.
  var label: String { "context \(name), \(target.server)" }

  /// The path below which the server has its API; empty for most.
  var root: String { target.server.path + pathPrefix }

  /// A request, not yet started.
  ///
  /// `compressed`: requests gzip, except over loopback, where it only costs time. `fresh`: uses a new
  /// connection.
  /// - Returns: nil while the credentials are being fetched.
  /// - Throws: `ConfigError` if they, or a file of the kubeconfig, cannot be used.
  func exchange(
    _ path: String, accept: String = "application/json", compressed: Bool = false, fresh: Bool = false
  ) throws(ConfigError) -> Exchange? {
    guard let material = try credentials.current() else { return nil }
    guard let exchange = Exchange() else {
      throw ConfigError("libcurl could not create a request: out of memory")
    }
    let server = target.server
    let certified = ServerAddress.hostInURL(certified: target.cluster.tlsServerName) ?? ""
    let address = "\(server.hostInURL):\(server.port)"
    if certified.isEmpty {
      exchange.set(CURLOPT_URL, "\(server.scheme)://\(address)\(root)\(path)")
    } else {
      // libcurl checks the certificate against the URL's host. So the URL has the certified name, and the
      // connection goes to the real address.
      exchange.set(
        CURLOPT_URL, "\(server.scheme)://\(certified):\(server.port)\(root)\(path)")
      exchange.setConnectTo("\(certified):\(server.port):\(address)")
      exchange.addHeader("Host: \(address)")
    }
    exchange.set(CURLOPT_USERAGENT, "kwatch/\(Version.string)")
    exchange.addHeader("Accept: \(accept)")
    // With any value, libcurl also decodes what a gateway has compressed without being asked.
    let wantsGzip = compressed && !server.isLoopback && !target.cluster.disablesCompression
    exchange.set(CURLOPT_ACCEPT_ENCODING, wantsGzip ? "gzip" : "identity")
    if fresh { exchange.set(CURLOPT_FRESH_CONNECT, 1) }
    if needsOneConnection { exchange.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)) }
    exchange.set(CURLOPT_PROXY, proxy.url)
    exchange.proxyPlace = proxy.url.isEmpty ? nil : proxy.shown
    // `Proxy` decides, by Go's rules, which servers are reached without a proxy.
    exchange.set(CURLOPT_NOPROXY, "")
    if let tls = material.tls {
      setTLS(exchange, tls, .server)
      // As Go's clients do: the cluster's settings are for the proxy, too.
      if proxy.isEncrypted { setTLS(exchange, tls, .proxy) }
    }
    setIdentity(exchange, material)
    return exchange
  }

  private func setTLS(_ exchange: Exchange, _ material: TLSMaterial, _ options: TLSOptions) {
    exchange.set(options.version, Int(CURL_SSLVERSION_TLSv1_2))
    // The system's authorities may change, too. libcurl would cache them for a day.
    exchange.set(CURLOPT_CA_CACHE_TIMEOUT, 0)
    if target.cluster.isInsecure {
      exchange.set(options.verifiesPeer, 0)
      exchange.set(options.verifiesHost, 0)
    } else {
      exchange.observeTrust()
      exchange.authorityPlace = target.cluster.authority?.place
    }
    if let authority = material.authority {
      // Only the kubeconfig's authority is trusted then, not also the system's.
      exchange.unset(options.authorityFolder)
      exchange.set(options.authority, bytes: authority)
    }
    if let certificate = material.certificate { exchange.set(options.certificate, bytes: certificate) }
    if let key = material.key { exchange.set(options.key, bytes: key) }
  }

  private func setIdentity(_ exchange: Exchange, _ material: AuthMaterial) {
    if !material.token.isEmpty {
      exchange.addHeader("Authorization: Bearer \(Self.headerValue(material.token))")
    } else if !material.username.isEmpty {
      let pair = Array("\(material.username):\(material.password)".utf8)
      exchange.addHeader("Authorization: Basic \(Base64.encode(pair))")
    }
    let impersonation = target.user.impersonation
    guard !impersonation.user.isEmpty else { return }
    exchange.addHeader("Impersonate-User: \(Self.headerValue(impersonation.user))")
    if !impersonation.uid.isEmpty {
      exchange.addHeader("Impersonate-Uid: \(Self.headerValue(impersonation.uid))")
    }
    for group in impersonation.groups { exchange.addHeader("Impersonate-Group: \(Self.headerValue(group))") }
    for (key, values) in impersonation.extra.sorted(by: { $0.key < $1.key }) {
      for value in values {
        exchange.addHeader(
          "Impersonate-Extra-\(PercentEncoding.encode(key.lowercased())): \(Self.headerValue(value))")
      }
    }
  }

  /// A line break in a value would start another header.
  private static func headerValue(_ text: String) -> String {
    String(text.filter { !$0.isNewline && $0 != "\0" })
  }
}
