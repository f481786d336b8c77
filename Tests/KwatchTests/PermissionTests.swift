// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// A user who may watch one resource of two, on a real kube-apiserver.
@Suite(.timeLimit(.minutes(15))) struct PermissionTests {
  @Test func aDeniedResourceStopsNoOther() throws {
    guard let cluster = try ClusterTesting.start("a user with rights to one of two resources") else { return }
    try cluster.kubectl([
      "create", "clusterrole", "one", "--verb=list,watch", "--resource=configmaps",
    ])
    try cluster.kubectl(["create", "clusterrolebinding", "one", "--clusterrole=one", "--user=nobody"])
    try cluster.create("a")
    let tool = try cluster.kwatch(["configmaps,secrets", "--status", "stderr"], as: .nobody)
    func told(_ health: String, _ resource: String) -> Bool {
      tool.soFar.diagnostics.split(separator: "\n").contains {
        $0.contains(#""resource":"\#(resource)""#) && $0.contains(#""health":"\#(health)""#)
      }
    }
    try eventually("configmaps are healthy, secrets are denied", within: .seconds(60)) {
      told(#"healthy","reason":""#, "configmaps") && told(#"unhealthy","reason":"permission"#, "secrets")
    }
    try cluster.create("b")
    let lines = try tool.waitForLines(2)
    #expect(lines.allSatisfy { $0.contains(#""kind":"ConfigMap""#) })
    #expect(tool.isRunning)
  }
}
