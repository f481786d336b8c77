// SPDX-License-Identifier: Apache-2.0
import Foundation
import Process
import Testing

@testable import Metrics

struct MetricsServerTests {
  func curl(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
    process.arguments = ["-sS", "--max-time", "5"] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  @Test func servesOnAPortThatTheKernelChooses() throws {
    let registry = Registry()
    registry.counter("lines_total", help: "Lines.").increment(by: 5)
    let server = try MetricsServer(address: ":0", registry: registry)
    guard case .tcp(let host, let port) = server.address else {
      Issue.record("not TCP: \(server.address)")
      return
    }
    #expect(host == "127.0.0.1")
    #expect(port != 0)
    #expect(try curl(["http://127.0.0.1:\(port)/metrics"]).contains("lines_total 5\n"))
    #expect(try curl(["-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:\(port)/"]) == "404")
  }

  /// The two seconds are the limit for a whole scrape, not for each of its bytes.
  @Test func aSlowScraperDelaysOthersOnlyBriefly() throws {
    let server = try MetricsServer(address: ":0", registry: Registry())
    guard case .tcp(_, let port) = server.address else {
      Issue.record("not TCP: \(server.address)")
      return
    }
    let slow = Process()
    slow.executableURL = URL(fileURLWithPath: "/bin/bash")
    slow.arguments = [
      "-c", "exec 3<>/dev/tcp/127.0.0.1/\(port); echo; while printf G >&3; do sleep 0.3; done 2>/dev/null",
    ]
    let said = Pipe()
    slow.standardOutput = said
    try slow.run()
    defer { slow.terminate() }
    _ = said.fileHandleForReading.availableData  // it is connected, and the first to be answered
    #expect(try curl(["-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:\(port)/metrics"]) == "200")
  }

  @Test func servesOnAUnixSocketAndReplacesAStaleOne() throws {
    let path = NSTemporaryDirectory() + "metrics-\(UUID().uuidString).sock"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let registry = Registry()
    registry.gauge("up", help: "Up.").set(1)
    close(try ListeningSocket.open(.unix(path: path)).0)
    _ = try MetricsServer(address: "unix:\(path)", registry: registry)
    #expect(try curl(["--unix-socket", path, "http://localhost/metrics"]).contains("up 1\n"))
    #expect(throws: MetricsServerError.self) {
      try MetricsServer(address: "unix:\(path)", registry: Registry())
    }
  }

  @Test func namesTheAddressThatCannotBeBound() throws {
    let server = try MetricsServer(address: "127.0.0.1:0", registry: Registry())
    #expect {
      try MetricsServer(address: server.address.description, registry: Registry())
    } throws: { error in
      String(describing: error) == "serve metrics on \(server.address): bind: Address already in use"
    }
    #expect(throws: MetricsServerError.self) { try MetricsServer(address: "nowhere", registry: Registry()) }
  }

  @Test(arguments: [
    (":8080", "127.0.0.1:8080", true), ("localhost:1", "127.0.0.1:1", true),
    ("0.0.0.0:80", "0.0.0.0:80", false),
    ("[::]:80", "[::]:80", false), ("[::1]:80", "[::1]:80", true), ("unix:/a/b", "unix:/a/b", true),
  ])
  func readsAddresses(text: String, shown: String, isLocal: Bool) throws {
    let address = try #require(ListenAddress(text))
    #expect(address.description == shown)
    #expect(address.isLocal == isLocal)
  }

  @Test(arguments: [
    "", "8080", "host", "example.org:80", ":99999", "::1:80", "[::1]", "unix:", "1.2.3:4", ":-1",
  ])
  func refusesInvalidAddresses(text: String) {
    #expect(ListenAddress(text) == nil)
  }
}
