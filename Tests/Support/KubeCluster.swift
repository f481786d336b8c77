// SPDX-License-Identifier: Apache-2.0
package import Foundation

/// A real Kubernetes API on loopback for one suite: etcd and the kube-apiserver that `make kube-apiserver`
/// built, started by `scripts/kube-cluster.sh` in a temporary folder, on free ports.
///
/// All servers end with this process, even if it is killed. All calls block. Use it from one thread at a
/// time.
package final class KubeCluster: Sendable {
  /// The user of a kubeconfig.
  package enum User: String, Sendable {
    /// All rights, with a static token.
    case admin
    /// All rights, with an inline client certificate.
    case certificate
    /// May get and list all resources, but not watch them.
    case lister
    /// May only use discovery.
    case nobody
  }

  /// Holds certificates, logs, kubeconfigs.
  package let directory: URL

  private init(directory: URL) { self.directory = directory }

  /// Whether the built server is in the cache. If not, the tests that need it are skipped with a NOT TESTED
  /// line.
  package static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: binary) }

  /// The condition for `@Suite(.enabled(if:))`: prints a NOT TESTED line when the server is missing.
  package static func isAvailable(for what: String) -> Bool {
    if isAvailable { return true }
    notTested(what, because: "no \(binary): run 'make kube-apiserver'")
    return false
  }

  private static var binary: String { Tool.cacheFolder + "/kube-apiserver" }

  /// Starts etcd and the API server, and returns when they are ready (about 3 s).
  ///
  /// - Parameter flags: more flags for kube-apiserver, as `--min-request-timeout=3`.
  /// - Returns: the running cluster; it ends with its last reference.
  /// - Throws: `KubeClusterError` with the script's last words.
  package static func start(flags: [String] = []) throws -> KubeCluster {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("kube-cluster-\(UUID().uuidString)")
    let cluster = KubeCluster(directory: directory)
    do {
      try cluster.script("up", flags)
    } catch {
      // Another process may have taken the port before the server could bind it. Try once more with other
      // ports.
      try? cluster.script("down")
      try? FileManager.default.removeItem(at: directory)
      try cluster.script("up", flags)
    }
    return cluster
  }

  deinit {
    try? script("down")
    try? FileManager.default.removeItem(at: directory)
  }

  package func kubeconfig(_ user: User = .admin) -> String {
    directory.appendingPathComponent("\(user.rawValue).kubeconfig").path
  }

  /// The API server's port on 127.0.0.1.
  package var port: UInt16 {
    let text = try? String(contentsOf: directory.appendingPathComponent("apiserver.port"), encoding: .utf8)
    return UInt16(text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "") ?? 0
  }

  /// Ends the API server with SIGTERM, as a rolling update does. Streams end cleanly.
  package func stopServer() throws { try script("stop") }

  /// Ends the API server with SIGKILL, as a crash does. Streams end in the middle.
  package func killServer() throws { try script("kill") }

  /// Starts the API server again on the same port. After that, old resourceVersions have expired.
  package func startServer(flags: [String] = []) throws { try script("start", flags) }

  /// Runs kubectl as `user` and returns its stdout.
  @discardableResult
  package func kubectl(_ arguments: [String], as user: User = .admin, stdin: String = "") throws -> String {
    try Self.run(
      "/usr/bin/env", ["kubectl", "--kubeconfig", kubeconfig(user)] + arguments, stdin: stdin)
  }

  /// A raw API call as admin with curl, because kubectl is too slow for hundreds of calls.
  @discardableResult
  package func call(
    _ method: String, _ path: String, body: String = "", contentType: String = "application/json"
  ) throws -> String {
    var arguments = [
      "curl", "-sS", "--fail-with-body", "--cacert", directory.appendingPathComponent("ca.crt").path,
      "-H", "Authorization: Bearer admin-token", "-X", method, "https://127.0.0.1:\(port)\(path)",
    ]
    if !body.isEmpty { arguments += ["-H", "Content-Type: \(contentType)", "--data-binary", "@-"] }
    return try Self.run("/usr/bin/env", arguments, stdin: body)
  }

  private func script(_ command: String, _ flags: [String] = []) throws {
    let script = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("scripts/kube-cluster.sh").path
    try Self.run("/bin/sh", [script, command, directory.path] + flags, stdin: "")
  }

  @discardableResult
  private static func run(_ executable: String, _ arguments: [String], stdin: String) throws -> String {
    var environment = ProcessInfo.processInfo.environment
    environment["OWNER"] = String(ProcessInfo.processInfo.processIdentifier)
    environment["KUBECONFIG"] = nil
    // The folder in which scripts/install-kubectl.sh installs kubectl if the system has none.
    environment["PATH"] = (environment["PATH"] ?? "/usr/bin:/bin") + ":\(Tool.cacheFolder)/kubectl/bin"
    // Files instead of pipes, because servers that the script starts would hold our end of a pipe open.
    let folder = FileManager.default.temporaryDirectory
    let (input, output, errors) = (
      folder.appendingPathComponent(UUID().uuidString), folder.appendingPathComponent(UUID().uuidString),
      folder.appendingPathComponent(UUID().uuidString)
    )
    defer { for file in [input, output, errors] { try? FileManager.default.removeItem(at: file) } }
    for file in [output, errors] { try Data().write(to: file) }
    try Data(stdin.utf8).write(to: input)
    let status = try SpawnedProcess(
      executable, arguments, environment: environment, input: FileHandle(forReadingFrom: input),
      output: FileHandle(forWritingTo: output), errors: FileHandle(forWritingTo: errors)
    ).wait()
    let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
    guard status == 0 else {
      let said = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
      throw KubeClusterError(
        command: ([executable] + arguments).joined(separator: " "), status: status,
        output: said + text)
    }
    return text
  }
}

/// A helper command that failed, with its output.
package struct KubeClusterError: Error, CustomStringConvertible {
  package var command: String
  package var status: Int32
  package var output: String
  package var description: String { "\(command): status \(status): \(output)" }
}
