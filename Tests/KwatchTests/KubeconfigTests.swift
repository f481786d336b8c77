// SPDX-License-Identifier: Apache-2.0
import Encoding
import Testing

@testable import KwatchCore

@Suite struct KubeconfigTests {
  private func loader(_ files: [String: String], _ environment: [String: String] = [:]) -> KubeconfigLoader {
    KubeconfigLoader(
      environment: { environment[$0] },
      read: { (path: String) throws(ConfigError) in files[path].map { Array($0.utf8) } })
  }

  static let first = """
    apiVersion: v1
    kind: Config
    current-context: one
    clusters:
    - name: c
      cluster: {server: "https://a.example:6443/k8s/", certificate-authority: ca.crt, tls-server-name: api}
    users:
    - name: u
      user: {token: first}
    contexts:
    - name: one
      context: {cluster: c, user: u}
    """
  static let second = """
    {"current-context": "two", "users": [{"name": "u", "user": {"token": "second", "as": "x"}}],
     "contexts": [{"name": "two", "context": {"cluster": "c", "user": "u", "namespace": "ns"}}]}
    """

  @Test func mergesFilesAsKubectlDoes() throws {
    let loader = loader(
      ["/a/config": Self.first, "/b/config": Self.second], ["KUBECONFIG": "/a/config:/none:/b/config"])
    let config = try loader.load(explicit: nil)
    #expect(config.currentContext == "one")
    // If several files have a name, the whole entry of the first file counts.
    #expect(config.users["u"] == Kubeconfig.User(token: "first"))
    #expect(config.contexts.keys.sorted() == ["one", "two"])
    #expect(config.clusters["c"]?.authority == .file("/a/ca.crt"))
    let targets = try loader.targets(explicit: nil, contexts: ["one", "two"])
    #expect(targets.map(\.target.namespace) == ["default", "ns"])
    #expect(targets[0].target.server.path == "/k8s")
    #expect(targets[0].target.server.port == 6443)
  }

  @Test func findsTheDefaultPlaces() throws {
    let home = loader(["/home/me/.kube/config": Self.first], ["HOME": "/home/me"])
    #expect(try home.targets(explicit: nil, contexts: []).map(\.name) == ["one"])
    let pod = loader(
      [
        "\(KubeconfigLoader.serviceAccount)/token": "t",
        "\(KubeconfigLoader.serviceAccount)/namespace": "mine",
      ], ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443", "HOME": "/"])
    let target = try #require(try pod.targets(explicit: nil, contexts: []).first?.target)
    #expect(target.server.hostInURL == "[fd00::1]")
    #expect(target.namespace == "mine")
    #expect(target.user.tokenFile.hasSuffix("/token"))
    #expect(throws: ConfigError.self) { try loader([:]).targets(explicit: nil, contexts: []) }
  }

  @Test func readsEveryKindOfCredential() throws {
    let text = """
      users:
      - name: all
        user:
          client-certificate-data: \(Base64.encode(Array("CERT".utf8)))
          client-key: key.pem
          tokenFile: token
          username: me
          password: secret
          as: boss
          as-groups: [a, b]
          as-user-extra: {reason: [why]}
          exec:
            apiVersion: client.authentication.k8s.io/v1
            command: ./plugin
            args: [get, token]
            env:
            - {name: A, value: b}
            provideClusterInfo: true
            interactiveMode: Never
            installHint: |
              get it
              there
      """
    let user = try #require(try KubeconfigParser(path: "/etc/k/config").parse(Array(text.utf8)).users["all"])
    #expect(
      user.certificate
        == .inline(Array("CERT".utf8), place: "users[all].client-certificate-data of '/etc/k/config'"))
    #expect(user.key == .file("/etc/k/key.pem"))
    #expect(user.tokenFile == "/etc/k/token")
    #expect(user.impersonation == .init(user: "boss", groups: ["a", "b"], extra: ["reason": ["why"]]))
    #expect(user.exec?.command == "/etc/k/plugin")
    #expect(user.exec?.arguments == ["get", "token"])
    #expect(user.exec?.environment == ["A": "b"])
    #expect(user.exec?.wantsClusterInfo == true)
  }

  struct Bad: Sendable, CustomTestStringConvertible {
    var text: String
    var words: String
    var testDescription: String { words }
  }

  static let bad = [
    Bad(text: "a: [", words: "is not YAML"),
    Bad(text: "- a", words: "is not a mapping"),
    Bad(text: "clusters: {a: b}", words: "clusters that is not a list"),
    Bad(text: "users: [{name: u, user: {token: [1]}}]", words: "users[u].token that is not a string"),
    Bad(
      text: "users: [{name: u, user: {client-key-data: '!'}}]", words: "client-key-data that is not base64"),
    Bad(text: "users: [{name: u, user: {exec: {args: []}}}]", words: "has no users[u].exec.command"),
    Bad(
      text: "clusters: [{name: c, cluster: {insecure-skip-tls-verify: maybe}}]",
      words: "neither true nor false"),
    Bad(text: String(repeating: "[", count: 5000), words: "nested too deeply"),
    Bad(text: String(repeating: "- ", count: 5000), words: "nested too deeply"),
  ]

  @Test(arguments: bad) func saysWhatIsWrong(_ bad: Bad) {
    #expect {
      try KubeconfigParser(path: "/x").parse(Array(bad.text.utf8))
    } throws: {
      "\($0)".contains(bad.words) && "\($0)".contains("/x")
    }
  }

  @Test(arguments: ["https://[::1]:6443", "https://::1:6443", "HTTPS://[::1]:6443//"])
  func acceptsAnIPv6Address(_ text: String) throws {
    #expect(try ServerAddress(text).description == "https://[::1]:6443")
  }

  /// The behaviour of sigs.k8s.io/yaml, which kubectl uses.
  @Test func usesTheLastOfRepeatedKeys() throws {
    let text = "current-context: a\ncurrent-context: b\nusers: [{name: u, user: {token: x, token: z}}]\n"
    let config = try KubeconfigParser(path: "/x").parse(Array(text.utf8))
    #expect(config.currentContext == "b")
    #expect(config.users["u"]?.token == "z")
  }

  @Test func treatsNullLikeAMissingValue() throws {
    for text in ["", "null", "clusters: null\nusers: ~\ncurrent-context:"] {
      #expect(try KubeconfigParser(path: "/x").parse(Array(text.utf8)) == Kubeconfig())
    }
  }

  @Test func namesTheMissingPartOfAContext() {
    for (context, words) in [
      ("none", "no context 'none'"), ("nocluster", "the cluster 'zz'"), ("nouser", "the user 'zz'"),
      ("old", "auth-provider 'gcp'"),
    ] {
      let text = """
        clusters: [{name: c, cluster: {server: "https://x"}}]
        users: [{name: old, user: {auth-provider: {name: gcp}}}]
        contexts: [{name: nocluster, context: {cluster: zz}}, {name: nouser, context: {cluster: c, user: zz}}, {name: old, context: {cluster: c, user: old}}]
        """
      #expect {
        try loader(["/k": text]).targets(explicit: "/k", contexts: [context])
      } throws: {
        "\($0)".contains(words)
      }
    }
  }

  @Test(arguments: [
    "", "ftp://x", "https://", "https://x:99999", "https://x y", "https://u@x", "https://?y", "https://x:a",
    "https://[::1", "https://[::1]x:1", "https://[x]", "https://x:1:2", "https://[1.2.3.4]:1", "https://]",
  ])
  func refusesInvalidServers(_ text: String) {
    #expect(throws: ConfigError.self) { try ServerAddress(text) }
  }

  /// Each checked with kubectl 1.37.
  @Test(arguments: [
    ("https://x:1?y=/z", "https://x:1"), ("https://x:1/?y#z", "https://x:1"),
    ("https://x:1/a/#b", "https://x:1/a"),
    ("https://x:1//a//b/", "https://x:1/a/b"),
  ])
  func ignoresTheQueryOfAServer(_ text: String, _ expected: String) throws {
    #expect(try ServerAddress(text).description == expected)
  }

  /// An alias may expand to any size; an anchor or an ampersand alone cannot.
  @Test func aCredentialInYAMLMayContainAmpersands() throws {
    let text = "kind: ExecCredential\napiVersion: v1\nstatus: {token: 'a&b', more: &more c}\n"
    #expect(try ExecCredential(Array(text.utf8), apiVersion: "", from: "plugin").token == "a&b")
    #expect {
      try ExecCredential(Array((text + "again: *more\n").utf8), apiVersion: "", from: "plugin")
    } throws: {
      "\($0)".contains("line 4: an alias (*more)")
    }
  }

  @Test func readsAnExecCredential() throws {
    let text =
      #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t","expirationTimestamp":"2026-11-21T10:00:00+01:00"}}"#
    let version = "client.authentication.k8s.io/v1"
    let credential = try ExecCredential(Array(text.utf8), apiVersion: version, from: "plugin")
    #expect(credential.token == "t")
    #expect(credential.expiry?.description == "2026-11-21T09:00:00.000Z")
    for bad in [
      "", "{}", #"{"kind":"ExecCredential","status":{}}"#, text.replacing("2026-11", with: "2026:13"),
      text.replacing("io/v1", with: "io/v1beta1"),
    ] {
      #expect(throws: ConfigError.self) {
        try ExecCredential(Array(bad.utf8), apiVersion: version, from: "plugin")
      }
    }
  }

  @Test(arguments: [
    ("9999-12-31T23:59:59Z", false), ("2262-04-12T00:00:00Z", false), ("0000-01-01T00:00:00Z", true),
    ("0001-01-01T00:00:00+23:59", true),
  ])
  func acceptsTimesBeyondTheRangeOfNanoseconds(_ text: String, _ isPast: Bool) throws {
    let time = try #require(Timestamp(rfc3339: text))
    #expect((time < Timestamp.now) == isPast)
  }

  @Test func usesTLSIfTheKubeconfigImpliesIt() throws {
    for (fields, scheme) in [
      ("", "http"), (", certificate-authority: /ca.crt", "https"),
      (", insecure-skip-tls-verify: true", "https"),
    ] {
      let text = """
        clusters: [{name: c, cluster: {server: "a.example:6443"\(fields)}}]
        contexts: [{name: x, context: {cluster: c}}]
        """
      let targets = try loader(["/k": text]).targets(explicit: "/k", contexts: ["x"])
      let target = try #require(targets.first?.target)
      #expect(target.server.scheme == scheme)
      #expect(target.server.port == 6443)
    }
  }
}
