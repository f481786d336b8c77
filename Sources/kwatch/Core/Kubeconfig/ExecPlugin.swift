// SPDX-License-Identifier: Apache-2.0
import Encoding
import JSON

extension Kubeconfig.ExecPlugin {
  private static let group = "client.authentication.k8s.io/"

  /// Refuses versions and modes that no plugin can be run with.
  func check() throws(ConfigError) {
    guard ["", Self.group + "v1", Self.group + "v1beta1"].contains(apiVersion) else {
      throw ConfigError(
        "exec plugin '\(command)' has the apiVersion '\(apiVersion)': "
          + "\(Self.group)v1 and \(Self.group)v1beta1 are supported")
    }
    guard ["", "Never", "IfAvailable", "Always"].contains(interactiveMode) else {
      throw ConfigError(
        "exec plugin '\(command)' has the interactiveMode '\(interactiveMode)': use Never, IfAvailable or Always"
      )
    }
  }

  /// Whether it gets the terminal as its stdin.
  ///
  /// - Throws: `ConfigError` if it cannot do without one and there is none.
  func isInteractive(hasTerminal: Bool) throws(ConfigError) -> Bool {
    switch interactiveMode {
    case "Never": return false
    case "Always":
      guard hasTerminal else {
        throw ConfigError(
          "exec plugin '\(command)' needs a terminal (interactiveMode: Always), and stdin is not one")
      }
      return true
    default: return hasTerminal
    }
  }

  /// The value of KUBERNETES_EXEC_INFO, as kubectl sets it.
  ///
  /// - Throws: `ConfigError` if the cluster's certificate authority cannot be read.
  func info(for target: ClusterTarget, isInteractive: Bool) throws(ConfigError) -> String {
    let version = apiVersion.isEmpty ? Self.group + "v1" : apiVersion
    let authority = wantsClusterInfo ? try target.cluster.authority?.read(as: "certificate authority") : nil
    var writer = JSONWriter()
    writer.object {
      $0.member("kind", "ExecCredential")
      $0.member("apiVersion", version)
      $0.key("spec")
      $0.object {
        if wantsClusterInfo { Self.write(target, authority, to: &$0) }
        $0.member("interactive", isInteractive)
      }
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private static func write(_ target: ClusterTarget, _ authority: [UInt8]?, to writer: inout JSONWriter) {
    let cluster = target.cluster
    writer.key("cluster")
    writer.object {
      $0.member("server", target.server.description)
      if !cluster.tlsServerName.isEmpty { $0.member("tls-server-name", cluster.tlsServerName) }
      if cluster.isInsecure { $0.member("insecure-skip-tls-verify", true) }
      if let authority { $0.member("certificate-authority-data", Base64.encode(authority)) }
      if !cluster.proxyURL.isEmpty { $0.member("proxy-url", cluster.proxyURL) }
      if cluster.disablesCompression { $0.member("disable-compression", true) }
      if !cluster.execConfig.isEmpty { $0.member("config", raw: Array(cluster.execConfig.utf8)) }
    }
  }
}
