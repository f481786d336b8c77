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
        "exec plugin '\(command)' has the interactiveMode '\(interactiveMode)': it is Never, IfAvailable or Always"
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
    var spec = ""
    if wantsClusterInfo {
      let cluster = target.cluster
      var fields = ["\"server\":\(JSONText.string(target.server.description))"]
      if !cluster.tlsServerName.isEmpty {
        fields.append("\"tls-server-name\":\(JSONText.string(cluster.tlsServerName))")
      }
      if cluster.isInsecure { fields.append("\"insecure-skip-tls-verify\":true") }
      if let authority = try cluster.authority?.read(as: "certificate authority") {
        fields.append("\"certificate-authority-data\":\"\(Base64.encode(authority))\"")
      }
      if !cluster.proxyURL.isEmpty { fields.append("\"proxy-url\":\(JSONText.string(cluster.proxyURL))") }
      if cluster.disablesCompression { fields.append("\"disable-compression\":true") }
      if !cluster.execConfig.isEmpty { fields.append("\"config\":\(cluster.execConfig)") }
      spec = "\"cluster\":{\(fields.joined(separator: ","))},"
    }
    spec += "\"interactive\":\(isInteractive)"
    return "{\"kind\":\"ExecCredential\",\"apiVersion\":\(JSONText.string(version)),\"spec\":{\(spec)}}"
  }
}
