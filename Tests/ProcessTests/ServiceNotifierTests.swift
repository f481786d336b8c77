// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Process

@Suite struct ServiceNotifierTests {
  @Test func sendsOneDatagramAMessage() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path("notify")
    let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let bound = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
    let notifier = ServiceNotifier { ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "3000000"][$0] }
    notifier.ready("listed")
    notifier.alive()
    notifier.stopping()
    let received = (0..<3).map { _ in
      var buffer = [UInt8](repeating: 0, count: 100)
      let count = unsafe recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }
    #expect(received == ["READY=1\nSTATUS=listed", "WATCHDOG=1", "STOPPING=1"])
    #expect(notifier.watchdogInterval == .milliseconds(1500))
  }

  @Test func staysSilentWithoutAServiceManager() {
    let notifier = ServiceNotifier { _ in nil }
    notifier.ready()
    #expect(notifier.watchdogInterval == nil)
  }
}
