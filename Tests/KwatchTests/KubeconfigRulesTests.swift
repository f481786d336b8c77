// SPDX-License-Identifier: Apache-2.0
import Encoding
import Process
import Testing

@testable import KwatchCore

/// kubectl's rules for the content of a kubeconfig, and for the flags that replace parts of it.
@Suite struct KubeconfigRulesTests {
  private func targets(
    _ text: String, contexts: [String] = ["x"], overrides: KubeconfigLoader.Overrides = .init(),
    environment: [String: String] = [:]
  ) throws(ConfigError) -> [(name: String, target: ClusterTarget)] {
    try KubeconfigLoader(
      environment: { environment[$0] },
      read: { (path: String) throws(ConfigError) in path == "/k" ? Array(text.utf8) : nil },
      overrides: overrides
    ).targets(explicit: text.isEmpty ? nil : "/k", contexts: contexts)
  }

  private func config(cluster: String = "", user: String = "") -> String {
    """
    clusters: [{name: c, cluster: {server: "https://a.example"\(cluster.isEmpty ? "" : ", ")\(cluster)}}]
    users: [{name: u, user: {\(user)}}]
    contexts: [{name: x, context: {cluster: c, user: u}}]
    """
  }

  @Test(arguments: ["clusters", "users", "contexts"]) func refusesANameGivenTwice(_ list: String) {
    let text = "\(list): [{name: twice}, {name: other}, {name: twice}]"
    #expect {
      try KubeconfigParser(path: "/k").parse(Array(text.utf8))
    } throws: {
      "\($0)".contains("'twice'") && "\($0)".contains(list)
    }
  }

  @Test func refusesAnAuthorityWithInsecureSkipTLSVerify() {
    for authority in ["certificate-authority: ca.crt", "certificate-authority-data: QQ=="] {
      #expect(throws: ConfigError.self) {
        try targets(config(cluster: "insecure-skip-tls-verify: yes, \(authority)"))
      }
    }
  }

  /// Each was compared with kubectl 1.33.
  @Test(arguments: [
    ("kind: Pod", "'Pod'"), ("apiVersion: v2", "'v2'"), ("kind: 5", "kind"),
    ("preferences: []", "preferences"),
    ("preferences: text", "preferences"), ("extensions: {a: b}", "extensions"),
    ("extensions: [1]", "extensions"),
    ("preferences: {extensions: x}", "preferences.extensions"),
  ])
  func refusesAnotherKindOfFile(_ line: String, _ word: String) {
    #expect {
      try targets("\(line)\n\(config())")
    } throws: {
      "\($0)".contains(word)
    }
  }

  @Test(arguments: [
    "kind: Config", "apiVersion: ''", "kind: null", "extensions: [{name: a}, null]", "preferences: {}",
  ])
  func acceptsTheFormsThatKubectlAccepts(_ line: String) throws {
    #expect(try targets("\(line)\n\(config())").count == 1)
  }

  @Test(arguments: [
    ("", "token: t, username: u, password: p", "password"), ("", "token: t, password: p", "password"),
    ("", #"token: "t\n""#, "line break"), ("", #"token: t, as: "a\r\nX: y""#, "line break"),
    ("", #"token: t, as: a, as-groups: ["b\u0000"]"#, "as-groups"),
    ("", "client-certificate: a, client-certificate-data: QQ==, client-key: k", "client-certificate-data"),
    ("", "client-certificate: a, client-key: k, client-key-data: QQ==", "client-key-data"),
    ("certificate-authority: ca, certificate-authority-data: QQ==", "token: t", "certificate-authority-data"),
    (
      "", "exec: {command: x, apiVersion: client.authentication.k8s.io/v1beta1}, auth-provider: {name: oidc}",
      "exec"
    ),
    ("extensions: text", "token: t", "extensions"), ("", "token: t, extensions: {a: b}", "extensions"),
  ])
  func refusesContradictions(_ cluster: String, _ user: String, _ word: String) {
    #expect {
      try targets(config(cluster: cluster, user: user))
    } throws: {
      "\($0)".contains(word)
    }
  }

  /// The rules for what a context uses do not apply to the rest.
  @Test func acceptsContradictionsOfOtherUsers() throws {
    let text = config(user: "token: t").replacing(
      "users: [", with: "users: [{name: other, user: {token: t, username: u}}, ")
    #expect(try targets(text).count == 1)
  }

  @Test func readsBinaryTagsBlockScalarsAndMergeKeys() throws {
    let pem = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"
    let once = Base64.encode(Array(pem.utf8))
    let twice = Base64.encode(Array(once.utf8))
    func folded(_ text: String) -> String {
      stride(from: 0, to: text.utf8.count, by: 20).map { "      " + text.dropFirst($0).prefix(20) }.joined(
        separator: "\n")
    }
    for value in [
      once, "|\n\(folded(once))", ">-\n\(folded(once))", "!!binary |\n\(folded(twice))",
      "!!binary \(twice)", "!!binary |\n\(folded(once))", "\"\(once)\"",
    ] {
      let text = """
        clusters:
        - name: c
          cluster:
            certificate-authority-data: \(value)
            server: https://a.example
        """
      let config = try KubeconfigParser(path: "/k").parse(Array(text.utf8))
      guard case .inline(let bytes, let place)? = config.clusters["c"]?.authority else {
        Issue.record("no authority in \(text)")
        continue
      }
      #expect(String(decoding: bytes, as: UTF8.self) == pem)
      #expect(place.contains("clusters[c].certificate-authority-data"))
    }
    let merged = """
      base: &base {server: "https://base.example", proxy-url: "http://p"}
      clusters:
      - {name: c, cluster: {<<: *base, server: "https://own.example"}}
      """
    let cluster = try KubeconfigParser(path: "/k").parse(Array(merged.utf8)).clusters["c"]
    #expect(cluster?.server == "https://own.example")
    #expect(cluster?.proxyURL == "http://p")
    #expect(throws: ConfigError.self) {
      try KubeconfigParser(path: "/k").parse(Array("clusters: !!binary '*'".utf8))
    }
  }

  @Test(arguments: [
    ("kube.test", "kube.test"), ("10.0.0.1", "10.0.0.1"), ("::1", "[::1]"), ("[::1]", "[::1]"),
    ("*.test", "*.test"),
    ("https://kube.test", nil), ("kube.test/x", nil), ("kube test", nil), ("kube.test:6443", nil),
    ("a@b", nil), ("[a]", nil),
  ])
  func refusesATLSServerNameThatIsNoName(_ name: String, _ host: String?) {
    #expect(ServerAddress.hostInURL(certified: name) == host)
    var cluster = Kubeconfig.Cluster()
    cluster.tlsServerName = name
    let check = { () throws(ConfigError) in try UserRules.check(cluster, Kubeconfig.User(), named: "u") }
    if host == nil {
      #expect(throws: ConfigError.self, performing: check)
    } else {
      #expect(throws: Never.self, performing: check)
    }
  }

  @Test func namesTheKubeconfigThatIsMissing() {
    for (environment, words) in [
      (["KUBECONFIG": "/missing"], ["/missing", "KUBECONFIG"]),
      (["KUBECONFIG": "/a:/b"], ["/a", "/b"]),
      (["HOME": "/home/me"], ["/home/me/.kube/config"]),
    ] {
      #expect {
        try targets("", contexts: [], environment: environment)
      } throws: { error in
        words.allSatisfy { "\(error)".contains($0) }
      }
    }
  }

  /// A token with `exp`. Its signature is not checked.
  private func token(expiring seconds: Int64) -> String {
    let claims = Base64.encode(Array(#"{"sub":"me","exp":\#(seconds)}"#.utf8)).prefix { $0 != "=" }
    return "e30.\(claims).c2ln"
  }

  @Test func usesAValidIDTokenOrNamesTheRemedy() throws {
    let valid = token(expiring: Timestamp.now.nanoseconds / 1_000_000_000 + 600)
    let found = try targets(config(user: "auth-provider: {name: oidc, config: {id-token: \(valid)}}"))
    #expect(found.first?.target.user.token == valid)
    for (provider, words) in [
      ("{name: oidc, config: {id-token: \(token(expiring: 5))}}", "sign in again"),
      (
        "{name: oidc, config: {id-token: \(token(expiring: 5)), refresh-token: r}}",
        "expired; kwatch does not refresh"
      ),
      ("{name: oidc, config: {id-token: nonsense}}", "not a JSON Web Token"),
      ("{name: oidc, config: {}}", "without an id-token"), ("{name: gcp}", "gke-gcloud-auth-plugin"),
      ("{name: azure}", "kubelogin"), ("{name: other}", "does not support"),
    ] {
      #expect {
        try targets(config(user: "auth-provider: \(provider)"))
      } throws: {
        let text = "\($0)"
        return text.contains(words) && !(provider.contains("oidc") && text.contains("removed"))
      }
    }
  }

  @Test func replacesServerTokenAndImpersonation() throws {
    var overrides = KubeconfigLoader.Overrides()
    overrides.server = "https://other.example:7443"
    overrides.tokenFile = "/t"
    overrides.impersonatedUser = "me"
    overrides.impersonatedGroups = ["g1", "g2"]
    let text = config(user: "token: old, exec: {command: x}, as: you, as-groups: [old]")
    let target = try #require(try targets(text, overrides: overrides).first?.target)
    #expect(target.server.description == "https://other.example:7443")
    #expect(target.user.tokenFile == "/t" && target.user.exec == nil)
    #expect(target.user.impersonation == .init(user: "me", groups: ["g1", "g2"]))
    // The flags work without a kubeconfig too.
    let bare = try targets("", contexts: [], overrides: overrides)
    #expect(bare.first?.target.server.port == 7443)

    var groups = KubeconfigLoader.Overrides()
    groups.impersonatedGroups = ["g"]
    #expect {
      try targets(config(user: "token: t"), overrides: groups)
    } throws: {
      ($0 as? ConfigError)?.status == .usage
    }
    #expect(
      try targets(config(user: "as: you"), overrides: groups).first?.target.user.impersonation.groups == ["g"]
    )
    for alone in ["as-groups: [a]", "as-uid: a", "as-user-extra: {a: [b]}"] {
      #expect(throws: ConfigError.self) { try targets(config(user: alone)) }
    }
  }

  @Test(arguments: [
    ("/etc/k/config", "./plugin", "/etc/k/plugin"), ("/etc/k/config", "../bin/x", "/etc/bin/x"),
    ("config", "./plugin", "./plugin"), ("sub/config", "./plugin", "sub/plugin"),
    ("./config", "bin/../plugin", "./plugin"), ("../config", "../x", "../../x"), ("/k", "aws", "aws"),
    ("/k", "/abs/./x", "/abs/./x"),
  ])
  func readsPathsRelativeToTheFile(_ file: String, _ command: String, _ expected: String) throws {
    let text = "users: [{name: u, user: {exec: {command: \(command)}}}]"
    #expect(
      try KubeconfigParser(path: file).parse(Array(text.utf8)).users["u"]?.exec?.command == expected)
  }

  @Test func givesAPluginTheInformationThatKubectlGives() throws {
    let text = """
      clusters:
      - name: c
        cluster:
          server: https://a.example:6443/x
          tls-server-name: api
          certificate-authority-data: QUJD
          proxy-url: http://p
          disable-compression: true
          extensions:
          - {name: other, extension: {a: b}}
          - name: client.authentication.k8s.io/exec
            extension: {audience: "06e3", number: 7, flag: true, none: null, list: [1.5, yes, "yes", a: b]}
      users: [{name: u, user: {exec: {command: x, provideClusterInfo: true, apiVersion: client.authentication.k8s.io/v1beta1}}}]
      contexts: [{name: x, context: {cluster: c, user: u}}]
      """
    let target = try #require(try targets(text).first?.target)
    let info = try #require(try target.user.exec?.info(for: target, isInteractive: true))
    let expected =
      #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"cluster":{"#
      + #""server":"https://a.example:6443/x","tls-server-name":"api","certificate-authority-data":"QUJD","#
      + #""proxy-url":"http://p","disable-compression":true,"config":{"audience":"06e3","number":7,"flag":true,"#
      + #""none":null,"list":[1.5,true,"yes",{"a":"b"}]}},"interactive":true}}"#
    #expect(info == expected)
  }

  @Test func refusesPluginsOfUnknownVersions() throws {
    for fields in ["apiVersion: client.authentication.k8s.io/v1alpha1", "interactiveMode: Sometimes"] {
      #expect(throws: ConfigError.self) { try targets(config(user: "exec: {command: x, \(fields)}")) }
    }
    let plugin = Kubeconfig.ExecPlugin(command: "x", interactiveMode: "Always")
    #expect(try plugin.isInteractive(hasTerminal: true))
    #expect(throws: ConfigError.self) { try plugin.isInteractive(hasTerminal: false) }
    #expect(
      try !Kubeconfig.ExecPlugin(command: "x", interactiveMode: "Never").isInteractive(hasTerminal: true))
    #expect(try Kubeconfig.ExecPlugin(command: "x").isInteractive(hasTerminal: true))
  }

  private func proxy(
    _ explicit: String = "", to server: String = "https://kube.example.test:6443",
    _ environment: [String: String] = [:]
  ) throws(ConfigError) -> String {
    try Proxy(explicit: explicit, to: try ServerAddress(server)) { environment[$0] }.url
  }

  @Test func resolvesNamesAtASOCKSProxy() throws {
    for name in ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
      #expect(try proxy("", [name: "socks5://p:1080"]) == "socks5h://p:1080")
    }
    #expect(try proxy("socks5://p:1", ["https_proxy": "http://env"]) == "socks5h://p:1")
    #expect(try proxy("", to: "https://127.0.0.1:6443", ["https_proxy": "http://env"]) == "")
    #expect(try proxy("", ["http_proxy": "http://env"]) == "")
  }

  /// NO_PROXY does not apply to a proxy from the flag or the kubeconfig.
  @Test func appliesNoProxyToTheEnvironmentsProxyOnly() throws {
    #expect(try proxy("http://p:1", ["NO_PROXY": "*"]) == "http://p:1")
    #expect(try proxy("", ["HTTPS_PROXY": "http://e:1", "no_proxy": "*"]) == "")
  }

  /// The rules of golang.org/x/net/http/httpproxy, which kubectl uses.
  @Test(arguments: [
    ("*", true), ("kube.example.test", true), ("example.test", true), (".example.test", true),
    ("*.example.test", true), ("KUBE.Example.Test", true), ("kube.example.test:6443", true),
    ("kube.example.test:443", false), ("other.test, example.test ,", true), ("ample.test", false),
    ("ube.example.test", false), (".kube.example.test", false), ("*.kube.example.test", false), ("", false),
    ("10.0.0.0/8", false), (":6443", false), ("a/b", false),
  ])
  func bypassesTheProxyAsGoDoes(_ list: String, _ isExcepted: Bool) throws {
    let url = try proxy("", ["HTTPS_PROXY": "http://e:1", "NO_PROXY": list])
    #expect(url == (isExcepted ? "" : "http://e:1"))
  }

  @Test(arguments: [
    ("10.1.2.3", "10.0.0.0/8", true), ("11.1.2.3", "10.0.0.0/8", false), ("10.1.2.3", "10.1.2.3", true),
    ("10.1.2.3", "10.1.2.3:6443", true), ("10.1.2.3", "10.1.2.3:1", false), ("10.1.2.3", "0.0.0.0/0", true),
    ("[fd00::1]", "fd00::/8", true), ("[fd00::1]", "[fd00::1]:6443", true), ("[fd00::1]", "fd00:0::1", true),
    ("[fd00::1]", "10.0.0.0/8", false), ("10.1.2.3", "10.1.2.3/33", false), ("10.1.2.3", ".2.3", true),
  ])
  func bypassesTheProxyForAddresses(_ host: String, _ list: String, _ isExcepted: Bool) throws {
    let url = try proxy("", to: "https://\(host):6443", ["HTTPS_PROXY": "http://e:1", "NO_PROXY": list])
    #expect(url == (isExcepted ? "" : "http://e:1"))
  }

  @Test(arguments: ["ftp://p:1", ":::", "http://", "http://p:99999", "socks4://p:1", "http://a b:1"])
  func refusesInvalidProxies(_ url: String) {
    #expect {
      try proxy(url)
    } throws: {
      ($0 as? ConfigError)?.status == .badConfig
    }
    #expect(throws: ConfigError.self) { try proxy("", ["HTTPS_PROXY": url]) }
  }

  @Test(arguments: [
    "http://p", "p:3128", "https://u:p%40ss@p:1", "http://[::1]:3128", "http://p:1/", "HTTP://p:1",
  ])
  func acceptsAProxyInEachForm(_ url: String) throws { #expect(try proxy(url) == url) }

  @Test func keepsAProxysPasswordOutOfMessages() {
    #expect {
      try proxy("ftp://user:secret@p:1")
    } throws: {
      !"\($0)".contains("secret") && "\($0)".contains("@p:1")
    }
  }

  @Test func reportsThatNoKubeconfigExists() {
    #expect {
      try targets("", contexts: [])
    } throws: {
      "\($0)".contains("HOME")
    }
  }
}
