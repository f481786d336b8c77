// SPDX-License-Identifier: Apache-2.0
import TestSupport

/// A suite that runs the built kwatch against scripted servers.
protocol FakeServerSuite {
  /// The suite's own directory, for kubeconfigs.
  var directory: TemporaryDirectory { get }
  /// The discovery document of the API groups.
  var groups: String { get }
}

extension FakeServerSuite {
  var groups: String { #"{"kind":"APIGroupDiscoveryList","items":[]}"# }

  /// Starts kwatch with these arguments, and a server that serves `FakeAPIServer.core` and scripted responses for all
  /// other requests.
  func start(
    _ arguments: [String], host: String = "127.0.0.1", user: String = "token: t",
    groups: String? = nil,
    _ answer: @escaping @Sendable (FakeAPIServer.Request, FakeAPIServer.Answer) -> Void
  ) throws -> (RunningTool, FakeAPIServer) {
    let groups = groups ?? self.groups
    let server = try FakeAPIServer { request, reply in
      switch request.path {
      case "/api/v1": reply.whole(FakeAPIServer.core)
      case "/apis": reply.whole(groups)
      default: answer(request, reply)
      }
    }
    let environment = try server.kubeconfig(in: directory.url, host: host, user: user)
    return (try Tool.start("kwatch", arguments, environment: environment), server)
  }
}
