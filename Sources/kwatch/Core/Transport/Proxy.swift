// SPDX-License-Identifier: Apache-2.0

/// The proxy of one cluster: the flag's or the kubeconfig's, else the environment's.
///
/// A proxy resolves the names of servers itself, as Go's clients have it: libcurl's `socks5://` would resolve them
/// here, where a name behind a bastion host is not known, so it becomes `socks5h://`.
struct Proxy: Equatable {
  /// Empty: no proxy.
  var url = ""
  /// libcurl's list of hosts that are reached without a proxy; nil: the environment's.
  var exceptions: String?

  init(explicit: String, to server: ServerAddress, environment: (String) -> String?) {
    if !explicit.isEmpty {
      (url, exceptions) = (Self.resolvingAtProxy(explicit), "")
    } else if !server.isLoopback {
      // As Go does: a proxy from the environment is not used for this machine.
      let names =
        server.scheme == "https"
        ? ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        : ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
      url = Self.resolvingAtProxy(names.lazy.compactMap(environment).first { !$0.isEmpty } ?? "")
    }
  }

  private static func resolvingAtProxy(_ url: String) -> String {
    url.lowercased().hasPrefix("socks5://") ? "socks5h" + url.dropFirst("socks5".count) : url
  }
}
