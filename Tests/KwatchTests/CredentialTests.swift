// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// Exec plugins and certificates: the built kwatch against scripted answers.
@Suite(.timeLimit(.minutes(15))) struct CredentialTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// A server that requires `token` and has no objects.
  private func server(wanting token: String) throws -> FakeAPIServer {
    try FakeAPIServer { request, reply in
      guard request.headers["authorization"] == "Bearer \(token)" else {
        return reply.whole(
          #"{"kind":"Status","code":401,"reason":"Unauthorized","message":"no"}"#, status: 401)
      }
      reply.whole(request.path == "/api/v1" ? FakeAPIServer.core : FakeServerTests.empty)
    }
  }

  private func plugin(_ script: String) throws -> String {
    let path = try directory.write("#!/bin/sh\n\(script)\n", to: "plugin-\(UUID().uuidString)")
    unsafe chmod(path, 0o755)
    return path
  }

  private static let version = "client.authentication.k8s.io/v1"
  private static func answer(_ token: String, _ version: String = version) -> String {
    #"printf '{"kind":"ExecCredential","apiVersion":"\#(version)","status":{"token":"\#(token)"}}'"#
  }

  private func run(_ script: String, _ fields: String = "", token: String = "t") throws -> Tool.Outcome {
    let user = "exec: {command: \(try plugin(script)), apiVersion: \(Self.version)\(fields)}"
    let environment = try server(wanting: token).kubeconfig(in: directory.url, user: user)
    return try Tool.run("kwatch", ["configmaps", "--list-only"], environment: environment)
  }

  /// As for client-go: a token file, a token, a plugin, in this order. An unusable token file is passed over if there is
  /// a token.
  @Test func choosesATokenAsClientGoDoes() throws {
    let file = try directory.write("from-file\n", to: "token")
    let empty = try directory.write("", to: "empty")
    let exec = "exec: {command: \(try plugin(Self.answer("from-plugin"))), apiVersion: \(Self.version)}"
    for (user, token) in [
      ("token: own, tokenFile: \(file)", "from-file"), ("token: own, tokenFile: /none/such", "own"),
      ("token: own, tokenFile: \(empty)", "own"), ("token: own, \(exec)", "own"), (exec, "from-plugin"),
    ] {
      let environment = try server(wanting: token).kubeconfig(in: directory.url, user: user)
      let outcome = try Tool.run("kwatch", ["configmaps", "--list-only"], environment: environment)
      #expect(outcome.status == 0, "\(user): \(outcome)")
    }
  }

  /// As `aws` and `az` leave a cache or an agent behind, which has inherited stdout.
  @Test(arguments: [("", 0), ("; exit 3", 78)])
  func aProcessThatAPluginLeavesBehindIsNotWaitedFor(_ end: String, _ status: Int32) throws {
    let outcome = try run("sleep 45 2>/dev/null & \(Self.answer("t"))\(end)")
    #expect(outcome.status == status, "\(outcome)")
  }

  /// client-go's decoder accepts both.
  @Test func aPluginMayAnswerInYAML() throws {
    let answer = "kind: ExecCredential\napiVersion: \(Self.version)\nstatus:\n  token: t\n"
    #expect(try run("cat <<'END'\n\(answer)END").status == 0)
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"
    for output in [
      "echo 'Logging in: please wait'", "echo '\(bomb)'", "\(Self.answer("t")); echo; \(Self.answer("t"))",
    ] {
      let outcome = try run(output)
      #expect(outcome.status == 78, "\(outcome)")
    }
  }

  /// `--kubeconfig <(COMMAND)`, and a named pipe whose writer comes late.
  @Test func readsTheKubeconfigFromAPipe() throws {
    let server = try server(wanting: "t")
    let environment = try server.kubeconfig(in: directory.url)
    let path = try #require(environment["KUBECONFIG"])
    let substituted = try Tool.shell("kwatch configmaps --list-only --kubeconfig <(sleep 0.2; cat \(path))")
    let first = try substituted.waitForEnd()
    #expect(first.status == 0, "\(first)")

    let pipe = directory.url.appending(path: "pipe").path
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    let tool = try Tool.start("kwatch", ["configmaps", "--list-only", "--kubeconfig", pipe])
    try tool.waitForDiagnostics(pipe)
    let writer = try FileHandle(forWritingTo: URL(filePath: pipe))
    try writer.write(contentsOf: Data(contentsOf: URL(filePath: path)))
    try writer.close()
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 0, "\(outcome)")

    let limited = try Tool.run("kwatch", ["configmaps", "--kubeconfig", pipe, "--timeout", "200ms"])
    #expect(limited.status == 124 && limited.diagnostics.isEmpty, "\(limited)")
  }

  /// They are read again for each request.
  @Test func refusesCredentialsFromAPipe() throws {
    let pipe = directory.url.appending(path: "pipe").path
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    let certificate = "client-certificate: \(pipe), client-key: \(pipe)"
    for (user, arguments) in [
      ("tokenFile: \(pipe)", []), ("token: t", ["--token-file", pipe]), (certificate, []),
    ] {
      let server = try server(wanting: "t")
      var environment = try server.kubeconfig(in: directory.url, user: user)
      if user == certificate {
        let text = try String(contentsOfFile: environment["KUBECONFIG"] ?? "", encoding: .utf8)
        environment["KUBECONFIG"] = try directory.write(text.replacing("http:", with: "https:"), to: "tls")
      }
      let outcome = try Tool.run(
        "kwatch", ["configmaps", "--list-only"] + arguments, environment: environment)
      #expect(outcome.status == 78 && outcome.diagnostics.contains("'\(pipe)' is a pipe"), "\(outcome)")
    }
    // A token beside it is used, as beside any file that cannot be read.
    let environment = try server(wanting: "t").kubeconfig(
      in: directory.url, user: "token: t, tokenFile: \(pipe)")
    #expect(try Tool.run("kwatch", ["configmaps", "--list-only"], environment: environment).status == 0)
  }

  @Test func namesTheProxyThatCannotBeReached() throws {
    let outcome = try Tool.run(
      "kwatch", ["configmaps", "--max-retries", "0", "--proxy-url", "http://me:secret@127.0.0.1:1"],
      environment: try server(wanting: "t").kubeconfig(in: directory.url))
    #expect(outcome.status == 69 && outcome.diagnostics.contains("proxy …@127.0.0.1:1"), "\(outcome)")
    #expect(!outcome.diagnostics.contains("secret"))
  }

  @Test(arguments: [100_000, 1_000_000]) func passesOnAnyAmountOfStandardError(_ count: Int) throws {
    let outcome = try run("head -c \(count) /dev/zero | tr '\\0' x >&2; \(Self.answer("t"))")
    #expect(outcome.status == 0)
    #expect(outcome.diagnostics.count { $0 == "x" } >= count)
  }

  @Test func showsAPromptWhileThePluginWaits() throws {
    let release = directory.path("release")
    let script = try plugin(
      "echo 'open https://example.test/device' >&2; until [ -e '\(release)' ]; do sleep 0.05; done; \(Self.answer("t"))"
    )
    let environment = try server(wanting: "t").kubeconfig(
      in: directory.url, user: "exec: {command: \(script), apiVersion: \(Self.version)}")
    let tool = try Tool.start("kwatch", ["configmaps", "--list-only"], environment: environment)
    try tool.waitForDiagnostics("https://example.test/device")
    // A long wait is reported.
    try tool.waitForDiagnostics("waiting for exec plugin")
    try directory.write("", to: "release")
    #expect(try tool.waitForEnd().status == 0)
  }

  @Test(arguments: ["IfAvailable", "Always"]) func letsAPluginAskAtTheTerminal(_ mode: String) throws {
    let script = try plugin(
      "printf 'Password: ' >&2; read -r password; printf '{\"kind\":\"ExecCredential\",\"apiVersion\":\"\(Self.version)\",\"status\":{\"token\":\"%s\"}}' \"$password\""
    )
    var environment = try server(wanting: "typed").kubeconfig(
      in: directory.url,
      user: "exec: {command: \(script), apiVersion: \(Self.version), interactiveMode: \(mode)}")
    environment["COMMAND"] = "exec kwatch configmaps --list-only"
    let tool = try Tool.shell("exec script -qfec \"$COMMAND\" /dev/null", environment: environment)
    try tool.wait(for: "the prompt", .seconds(20)) { $0.soFar.output.contains("Password: ") }
    tool.write("typed\n")
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 0, "\(outcome)")
  }

  struct Refused: Sendable, CustomTestStringConvertible {
    var script: String
    var words: String
    var fields = ""
    var testDescription: String { words }
  }

  static let refused = [
    Refused(script: answer("t", "client.authentication.k8s.io/v1beta1"), words: "v1beta1"),
    Refused(script: "exit 3", words: "3"), Refused(script: "kill -9 $$", words: "9"),
    Refused(script: "true", words: "printed nothing"), Refused(script: "echo", words: "printed nothing"),
    Refused(script: "echo no", words: "not JSON"),
    Refused(script: answer("t"), words: "terminal", fields: ", interactiveMode: Always"),
    Refused(script: "head -c 5000000 /dev/zero", words: "4 MiB"),
  ]

  @Test(arguments: refused) func reportsAFaultyPluginOnce(_ refused: Refused) throws {
    let outcome = try run(refused.script, refused.fields)
    #expect(outcome.status == 78)
    #expect(outcome.diagnostics.contains(refused.words), "\(outcome)")
    #expect(outcome.diagnostics.split(separator: "\n").count == 1)
  }

  @Test func acceptsAByteOrderMarkBeforeAPluginsAnswer() throws {
    #expect(try run("printf '\\357\\273\\277'; \(Self.answer("t"))").status == 0)
  }

  /// A file that exists is not reported as missing.
  @Test func saysWhyAPluginCannotBeStarted() throws {
    for (mode, text, words) in [
      (0o644 as mode_t, "#!/bin/sh\n", "Permission denied"),
      (0o755, "#!/no/such/interpreter\n", "interpreter"),
    ] {
      let path = try directory.write(text, to: "unusable")
      unsafe chmod(path, mode)
      let server = try server(wanting: "t")
      defer { server.close() }
      let user = "exec: {apiVersion: \(Self.version), command: \(path)}"
      let outcome = try Tool.run(
        "kwatch", ["configmaps", "--list-only"],
        environment: try server.kubeconfig(in: directory.url, user: user))
      #expect(outcome.status == 78 && outcome.diagnostics.contains(words), "\(outcome)")
      try FileManager.default.removeItem(atPath: path)
    }
  }

  @Test func givesAPluginItsInformation() throws {
    let info = directory.path("info")
    #expect(try run("echo \"$KUBERNETES_EXEC_INFO\" >'\(info)'; \(Self.answer("t"))").status == 0)
    #expect(
      try directory.read("info")
        == #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}"#
        + "\n")
  }

  // MARK: - Certificates

  /// A certificate authority, a matching certificate and key, another key, and an encrypted key.
  private func makeCertificates() throws {
    let outcome = try Tool.shell(
      """
      set -e
      for name in one two; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 9 -subj /CN=$name \
          -keyout $name.key -out $name.crt 2>/dev/null
      done
      openssl pkey -in one.key -aes256 -passout pass:secret -out encrypted.key
      openssl ec -in one.key -aes256 -passout pass:secret -out traditional.key 2>/dev/null
      echo nonsense >nonsense.pem
      printf -- '-----BEGIN CERTIFICATE-----\\nQUJD\\n-----END CERTIFICATE-----\\n' >broken.pem
      """, in: directory.url
    ).waitForEnd()
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test func namesAnUnusableFileAndEndsAtOnce() throws {
    try makeCertificates()
    let pair = "client-certificate: one.crt, client-key: one.key"
    for (cluster, user, words) in [
      ("certificate-authority: missing.pem", "token: t", "missing.pem"),
      ("certificate-authority: nonsense.pem", "token: t", "nonsense.pem"),
      ("certificate-authority: broken.pem", "token: t", "broken.pem"),
      ("certificate-authority-data: bm9uc2Vuc2U=", "token: t", "certificate-authority-data"),
      ("", "client-certificate: one.crt", "one.crt"), ("", "client-key: one.key", "one.key"),
      ("", "client-certificate: one.crt, client-key: encrypted.key", "encrypted.key"),
      ("", "client-certificate: one.crt, client-key: traditional.key", "traditional.key"),
      ("", "client-certificate: one.crt, client-key: two.key", "two.key"),
      ("", "client-certificate: none.crt, client-key: one.key", "none.crt"),
      ("", "client-certificate: nonsense.pem, client-key: one.key", "nonsense.pem"),
      ("", "client-certificate: one.crt, client-key: nonsense.pem", "nonsense.pem"),
      ("certificate-authority: one.crt, insecure-skip-tls-verify: true", pair, "one.crt"),
      ("", "tokenFile: none.token", "none.token"),
    ] {
      let comma = cluster.isEmpty ? "" : ", "
      // No server listens there, so every request fails.
      let config = try directory.write(
        """
        current-context: c
        clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"\(comma)\(cluster)}}]
        users: [{name: u, user: {\(user)}}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        """, to: "config")
      let outcome = try Tool.run("kwatch", ["pods,configmaps"], environment: ["KUBECONFIG": config])
      #expect(outcome.status == 78, "\(cluster) \(user): \(outcome)")
      #expect(outcome.diagnostics.contains(words), "\(outcome)")
      #expect(outcome.diagnostics.split(separator: "\n").count == 1, "\(outcome)")
      #expect(!outcome.diagnostics.contains("pass phrase"))
    }
  }

  @Test func namesTheServerAndTheContext() throws {
    let config = try directory.write(
      """
      current-context: far
      clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
      users: [{name: u, user: {token: t}}]
      contexts: [{name: far, context: {cluster: c, user: u}}]
      """, to: "config")
    let outcome = try Tool.run("kwatch", ["pods", "--max-retries", "1"], environment: ["KUBECONFIG": config])
    #expect(outcome.status == 69)
    #expect(outcome.diagnostics.contains("context far, https://127.0.0.1:1"))
  }

  // MARK: - Proxies

  /// A SOCKS5 proxy (RFC 1928) that notes the requested host name and refuses the connection.
  private func refuseNames(_ listener: LoopbackSocket, _ note: @escaping @Sendable (String) -> Void) {
    Thread.detachNewThread {
      while let socket = listener.accept() {
        defer { socket.close() }
        func take(_ count: Int) -> [UInt8] {
          var bytes = [UInt8](repeating: 0, count: count)
          return unsafe recv(socket.descriptor, &bytes, count, Int32(MSG_WAITALL)) == count ? bytes : []
        }
        func give(_ bytes: [UInt8]) {
          unsafe _ = send(socket.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
        let greeting = take(2)
        guard greeting.first == 5, !take(Int(greeting[1])).isEmpty else { continue }
        give([5, 0])
        let request = take(5)
        // Address type 3 is a name. The fifth byte is its length.
        guard request.count == 5, request[3] == 3 else {
          note("an address")
          continue
        }
        note(String(decoding: take(Int(request[4])), as: UTF8.self))
        _ = take(2)
        give([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])
      }
    }
  }

  @Test func leavesNamesToASOCKSProxy() throws {
    let listener = try #require(LoopbackSocket.listen())
    defer { listener.shutDown() }
    let names = Names()
    refuseNames(listener) { names.add($0) }
    let proxy = "socks5://127.0.0.1:\(listener.port)"
    for (field, environment, flags) in [
      (", proxy-url: \"\(proxy)\"", [:], []), ("", ["https_proxy": proxy], []),
      ("", ["ALL_PROXY": proxy], []),
      ("", [:], ["--proxy-url", proxy]),
    ] {
      let config = try directory.write(
        """
        current-context: c
        clusters: [{name: c, cluster: {server: "https://kube.example.test:6443"\(field)}}]
        contexts: [{name: c, context: {cluster: c}}]
        """, to: "config")
      let outcome = try Tool.run(
        "kwatch", ["pods", "--max-retries", "0"] + flags,
        environment: environment.merging(["KUBECONFIG": config]) { $1 })
      #expect(outcome.status == 69, "\(outcome)")
    }
    #expect(names.all.count >= 4)
    #expect(Set(names.all) == ["kube.example.test"])
  }

  private final class Names: Sendable {
    private let names = Mutex<[String]>([])
    var all: [String] { names.withLock { $0 } }
    func add(_ name: String) { names.withLock { $0.append(name) } }
  }
}
