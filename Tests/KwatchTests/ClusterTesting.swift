// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// What the tests on a real API server share.
///
/// Tests that do not control the server run on the cluster of `KWATCH_TEST_KUBECONFIG`, if it is set.
enum ClusterTesting {
  static var isSoaking: Bool { ProcessInfo.processInfo.environment["WATCHUTILS_SOAK"] == "1" }

  static func start(_ what: String, flags: [String] = []) throws -> KubeCluster? {
    guard KubeCluster.isAvailable(for: what) else { return nil }
    return try KubeCluster.start(flags: flags)
  }
}

extension KubeCluster {
  func kwatch(_ arguments: [String], as user: User = .admin) throws -> RunningTool {
    try Tool.start("kwatch", arguments, environment: ["KUBECONFIG": kubeconfig(user)])
  }

  static let configmaps = "/api/v1/namespaces/default/configmaps"

  func create(_ name: String, _ value: String = "0") throws {
    try call(
      "POST", Self.configmaps, body: #"{"metadata":{"name":"\#(name)"},"data":{"k":"\#(value)"}}"#)
  }

  func change(_ name: String, _ value: String) throws {
    try call(
      "PATCH", "\(Self.configmaps)/\(name)", body: #"{"data":{"k":"\#(value)"}}"#,
      contentType: "application/merge-patch+json")
  }

  func delete(_ name: String) throws { try call("DELETE", "\(Self.configmaps)/\(name)") }

  func truth(_ path: String = configmaps, cluster: String = "") throws -> [String: String] {
    try FoldedStream.truth(try call("GET", path), cluster: cluster)
  }

  /// Waits until the printed state is the true state, then requires that nothing was printed twice.
  func expectTruth(
    _ tool: RunningTool, within deadline: Duration = .seconds(60),
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var told = FoldedStream([])
    do {
      try eventually("the stream folds to the truth", within: deadline) {
        told = FoldedStream(tool.lines)
        return told.objects == (try truth())
      }
    } catch {
      let there = try truth()
      Issue.record(
        "told \(told.objects.count), there are \(there.count): \(error)\n\(tool.soFar.diagnostics.suffix(3000))",
        sourceLocation: sourceLocation)
    }
    #expect(told.faults.isEmpty, sourceLocation: sourceLocation)
  }

  /// A kubeconfig with names of its own. If two files have the same name, the entry of the first file counts.
  func renamed(_ name: String) throws -> String {
    let text = try String(contentsOf: URL(filePath: kubeconfig()), encoding: .utf8)
      .replacingOccurrences(of: "name: test", with: "name: \(name)")
      .replacingOccurrences(of: "cluster: test", with: "cluster: \(name)")
      .replacingOccurrences(of: "name: admin", with: "name: \(name)")
      .replacingOccurrences(of: "user: admin", with: "user: \(name)")
    let file = directory.appending(path: "\(name).kubeconfig")
    try Data(text.utf8).write(to: file)
    return file.path
  }

  /// The admin's kubeconfig, with the address of a relay.
  func relayed(through port: Int) throws -> String {
    let text = try String(contentsOf: URL(filePath: kubeconfig()), encoding: .utf8)
      .replacingOccurrences(of: "127.0.0.1:\(self.port)", with: "127.0.0.1:\(port)")
    let file = directory.appending(path: "relayed-\(port).kubeconfig")
    try Data(text.utf8).write(to: file)
    return file.path
  }

  /// Makes many changes to a set of configmaps with one curl, `rate` per second. Returns after the last
  /// change.
  func churn(_ names: [String], count: Int, rate: Int) throws {
    var config = "silent\nfail\noutput = /dev/null\n"
    for index in 0..<count {
      if index > 0 { config += "next\nsilent\nfail\noutput = /dev/null\n" }
      config += """
        url = "https://127.0.0.1:\(port)\(Self.configmaps)/\(names[index % names.count])"
        cacert = "\(directory.appending(path: "ca.crt").path)"
        header = "Authorization: Bearer admin-token"
        header = "Content-Type: application/merge-patch+json"
        request = "PATCH"
        data = "{\\"data\\":{\\"k\\":\\"\(index)\\"}}"

        """
    }
    let file = directory.appending(path: "churn-\(UUID().uuidString)")
    try Data(config.utf8).write(to: file)
    let curl = try Tool.shell("curl --rate \(rate)/s -K '\(file.path)'")
    let outcome = try curl.waitForEnd(.seconds(180))
    guard outcome.status == 0 else { throw NeverCameTrue(what: "the changes: \(outcome)") }
  }
}
