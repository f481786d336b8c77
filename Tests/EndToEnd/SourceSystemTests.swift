// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The five source systems: the folders of examples/ with a check.sh, which starts real servers.
@Suite(.timeLimit(.minutes(10)), .serialized) struct SourceSystemTests {
  static let examples = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "examples")

  /// Runs the check, and compares its output with the README of its folder.
  private func check(_ name: String, nats version: NATSServer.Version? = nil) throws {
    let folder = Self.examples.appending(path: name)
    var environment = ["CLAIM_SECONDS": "60"]
    // The script looks for the kube-apiserver in the cache folder, which is in the home folder.
    for name in ["WATCHUTILS_CACHE", "XDG_CACHE_HOME", "HOME"] {
      environment[name] = ProcessInfo.processInfo.environment[name]
    }
    if let binary = version?.binary {
      let server = URL(filePath: binary).deletingLastPathComponent().path
      environment["PATH"] = "\(Tool.binaries.path):\(server):/usr/bin:/bin:/usr/sbin"
    }
    let outcome = try Tool.shell("exec '\(folder.path)/check.sh'", environment: environment)
      .waitForEnd(.seconds(500))
    #expect(outcome.status == 0, "\(outcome)")
    let readme = try String(contentsOf: folder.appending(path: "README.md"), encoding: .utf8)
    let shown = readme.split(separator: "```console\n$ examples/\(name)/check.sh\n").last?.split(
      separator: "```"
    ).first
    #expect(
      shown == Substring(outcome.output), "the README of \(name) shows another output:\n\(outcome.output)")
  }

  @Test(arguments: NATSServer.Version.installed)
  func activitiesAreAKubernetesWatch(_ version: NATSServer.Version) throws {
    try check("activity-feed", nats: version)
  }

  @Test func tabsOfAPortalWatchOnlyTheResourcesThatTheyShow() throws {
    guard KubeCluster.isAvailable(for: "examples/portal") else { return }
    try check("portal")
  }

  @Test(arguments: NATSServer.Version.installed)
  func controllersShareTheWorkOfTheirPlatform(_ version: NATSServer.Version) throws {
    try check("controllers", nats: version)
  }

  @Test func dashboardsGetTheEventsThatTheySubscribeTo() throws { try check("dashboard") }

  @Test func aClusterViewShowsTheHealthOfItsData() throws {
    guard KubeCluster.isAvailable(for: "examples/cluster-view") else { return }
    try check("cluster-view")
  }
}
