// SPDX-License-Identifier: Apache-2.0

/// A kubeconfig, merged from its files: `clientcmd.k8s.io/v1`'s Config, as far as a client needs it.
struct Kubeconfig: Equatable, Sendable {
  /// Bytes that a file names or the kubeconfig itself has (`-data`, which wins).
  enum Material: Equatable, Sendable {
    case file(String)
    case inline([UInt8])
  }

  struct Cluster: Equatable, Sendable {
    var server = ""
    var authority: Material?
    var isInsecure = false
    var tlsServerName = ""
    var proxyURL = ""
    var disablesCompression = false
  }

  struct ExecPlugin: Equatable, Sendable {
    var command: String
    var arguments: [String] = []
    var environment: [String: String] = [:]
    var apiVersion = ""
    var installHint = ""
    var interactiveMode = ""
    var wantsClusterInfo = false
  }

  struct Impersonation: Equatable, Sendable {
    var user = ""
    var uid = ""
    var groups: [String] = []
    var extra: [String: [String]] = [:]
  }

  struct User: Equatable, Sendable {
    var certificate: Material?
    var key: Material?
    var token = ""
    /// Wins over `token`, and is read again as it changes.
    var tokenFile = ""
    var username = ""
    var password = ""
    var exec: ExecPlugin?
    var authProvider = ""
    var impersonation = Impersonation()
  }

  struct Context: Equatable, Sendable {
    var cluster = ""
    var user = ""
    var namespace = ""
  }

  var clusters: [String: Cluster] = [:]
  var users: [String: User] = [:]
  var contexts: [String: Context] = [:]
  var currentContext = ""

  /// Adds what `other` has and this one has not: of a name, the first file's entry stands whole, and nothing of
  /// a later one of the same name is mixed in (kubectl's rule).
  mutating func merge(_ other: Kubeconfig) {
    clusters.merge(other.clusters) { first, _ in first }
    users.merge(other.users) { first, _ in first }
    contexts.merge(other.contexts) { first, _ in first }
    if currentContext.isEmpty { currentContext = other.currentContext }
  }
}
