// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Three JetStream servers on loopback that form one cluster.
package final class NATSCluster: Sendable {
  package let nodes: [NATSServer]

  /// The addresses of all nodes, in the form of `NATS_URL`.
  package var url: String { nodes.map(\.url).joined(separator: ",") }

  /// Starts the nodes. A stream can be created when the cluster has elected its leader, after some seconds.
  ///
  /// - Throws: ``NATSServer/StartFailure``.
  package init(_ version: NATSServer.Version) throws {
    let ports = (0..<3).compactMap { _ in LoopbackSocket.freePort() }
    guard ports.count == 3 else { throw NATSServer.StartFailure(description: "no free ports for a cluster") }
    let routes = ports.map { "nats://127.0.0.1:\($0)" }.joined(separator: ",")
    nodes = try ports.enumerated().map { index, port in
      try NATSServer.start(
        version,
        extraArguments: [
          "--name", "node\(index)", "--cluster_name", "watchutils-test",
          "--cluster", "nats://127.0.0.1:\(port)", "--routes", routes,
        ])
    }
  }

  /// The node with this server name ("node0", …), as stream info names its leader.
  package func node(named name: String) -> NATSServer? {
    nodes.indices.first { "node\($0)" == name }.map { nodes[$0] }
  }
}
