// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

/// More clients than the process may open files for.
@Suite(.timeLimit(.minutes(2))) struct DescriptorBudgetTests {
  @Test(arguments: [
    (64, 1000), (256, 1000), (1024, 1000), (20_000, 19_000), (20_000, 1_000_000), (1 << 40, 1000),
  ])
  func isNeverMoreThanTheLimit(limit: Int, wanted: Int) {
    let budget = DescriptorBudget(limit: limit, own: 40, wantedClients: wanted)
    // The process needs about twenty for itself.
    #expect(budget.accepted + 20 <= limit)
    #expect(budget.clients >= 1 && budget.others >= 8 && budget.othersOfAddress <= budget.others)
    #expect((budget.warning == nil) == (budget.clients == wanted))
  }

  @Test func aServerWithEnoughDescriptorsHasItsUsualLimits() {
    let budget = DescriptorBudget(limit: 1 << 20, own: 40, wantedClients: 1000)
    #expect(budget.clients == 1000 && budget.others == 8 * 762 && budget.othersOfAddress == 762)
    #expect(budget.warning == nil)
  }

  /// Clients, slow documents and connections without a request take all that they may.
  @Test func healthIsAnsweredWhenAllDescriptorsForClientsAreTaken() throws {
    let server = try Tool.shell("ulimit -n 128; exec wfanout --listen :0 --snapshot --max-clients 5000")
    try server.waitForDiagnostics("listening on http://127.0.0.1:")
    let said = server.soFar.diagnostics
    #expect(
      said.contains("--max-clients 5000: the limit of 128 open files leaves room for the connections of"))
    let port = try #require(said.matches(of: /127\.0\.0\.1:(\d+)/).first.flatMap { Int($0.1) })
    var peers: [LoopbackSocket] = []
    defer { for peer in peers { peer.close() } }
    var codes: Set<String> = []
    for _ in 0..<200 {
      guard let peer = LoopbackSocket.connect(to: port) else { continue }
      peers.append(peer)
      let request = Array("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
      unsafe _ = request.withUnsafeBytes { unsafe send(peer.descriptor, $0.baseAddress, $0.count, 0) }
      var head = [UInt8](repeating: 0, count: 12)
      let count = unsafe recv(peer.descriptor, &head, head.count, Int32(MSG_WAITALL))
      codes.insert(String(decoding: head.prefix(max(0, count)).suffix(3), as: UTF8.self))
    }
    #expect(codes.isSuperset(of: ["200", "503"]), "\(codes)")
    for _ in 0..<200 { LoopbackSocket.connect(to: port).map { peers.append($0) } }
    for _ in 0..<20 {
      let health = try Tool.shell("exec curl -sS --max-time 2 http://127.0.0.1:\(port)/healthz").waitForEnd()
      #expect(health.output == "ok\n", "\(health.diagnostics)")
    }
    #expect(!server.soFar.diagnostics.contains("accept a connection"))
    server.send(SIGTERM)
    _ = try server.waitForEnd()
  }
}
