// SPDX-License-Identifier: Apache-2.0

/// A kubeconfig, merged from its files: `clientcmd.k8s.io/v1`'s Config, as far as a client needs it.
struct Kubeconfig: Equatable, Sendable {
  /// A certificate or key: a file, or bytes in the kubeconfig itself (`-data`).
  enum Material: Equatable, Sendable {
    case file(String)
    /// `place` names the field and its file, for messages.
    case inline([UInt8], place: String)
  }

  struct Cluster: Equatable, Sendable {
    var server = ""
    var authority: Material?
    var isInsecure = false
    var tlsServerName = ""
    var proxyURL = ""
    var disablesCompression = false
    /// The extension `client.authentication.k8s.io/exec`, as JSON: an exec plugin gets it as `config`.
    var execConfig = ""
    /// The fields that are given twice, as a file and as data.
    var doubled: [String] = []
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

  /// The older way to get a token, which all but OIDC's have left Kubernetes.
  struct AuthProvider: Equatable, Sendable {
    var name: String
    var idToken = ""
    /// It has a refresh-token, with which kubectl gets the next id-token.
    var canRefresh = false
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
    var authProvider: AuthProvider?
    var impersonation = Impersonation()
    /// The fields that are given twice, as a file and as data.
    var doubled: [String] = []
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

  /// Adds the entries of `other` whose names this one does not have. The first file's entry of a name is used whole;
  /// nothing of a later entry is mixed into it (kubectl's rule).
  mutating func merge(_ other: Kubeconfig) {
    clusters.merge(other.clusters) { first, _ in first }
    users.merge(other.users) { first, _ in first }
    contexts.merge(other.contexts) { first, _ in first }
    if currentContext.isEmpty { currentContext = other.currentContext }
  }
}
