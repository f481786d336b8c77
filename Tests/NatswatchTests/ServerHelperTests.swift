// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ServerHelperTests {
  @Test(arguments: NATSServer.Version.installed) func startsRestartsAndStops(_ version: NATSServer.Version)
    throws
  {
    let server = try NATSServer.start(version)
    let first = server.processIdentifier
    try server.restart()
    #expect(server.processIdentifier != first && server.isRunning)
    let relay = try Relay(to: server.port)
    #expect(relay.port != server.port)
    relay.close()
    server.stop()
    #expect(!server.isRunning)
  }
}
