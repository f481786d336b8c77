// SPDX-License-Identifier: Apache-2.0
import Encoding
import Testing

@testable import WfanoutCore

struct MemoryShareTests {
  private static let reserved = 16 << 10

  private static func total(_ limit: Int) -> MemoryShare.Total {
    MemoryShare.Total(limit: limit, reserved: reserved)
  }

  @Test func isLimitedForAllClients() {
    let total = Self.total(3 * Self.reserved)
    let first = MemoryShare(of: total)
    #expect(first.change(to: 3 * Self.reserved))
    #expect(!first.change(to: 3 * Self.reserved + 1))
    let second = MemoryShare(of: total)
    #expect(second.change(to: Self.reserved), "each client has this much")
    #expect(!second.change(to: Self.reserved + 1))
    #expect(first.change(to: 2 * Self.reserved), "less is always possible")
    #expect(!second.change(to: Self.reserved + 1))
    #expect(first.change(to: 0))
    #expect(second.change(to: 3 * Self.reserved))
  }

  @Test func isReturnedWhenTheClientLeaves() {
    let total = Self.total(3 * Self.reserved)
    do {
      let client = MemoryShare(of: total)
      #expect(client.change(to: 2 * Self.reserved))
      #expect(!total.isUnused)
    }
    #expect(total.isUnused)
  }

  /// The subscriptions stay as they are, and may be changed to fewer names.
  @Test func aSubscriptionBeyondItIsRefused() {
    let total = Self.total(2 * Self.reserved)
    var session = SocketSession(clientID: "c", needsToken: false, memory: MemoryShare(of: total))
    func subscribe(_ list: Int, _ more: String = "") -> String {
      let names = (0..<100).map { "\"list\(list)-name\($0)\"" }.joined(separator: ",")
      let text = #"{"type":"subscribe","subscription":{"event_types":[\#(names)]\#(more)}}"#
      switch session.receive(Array(text.utf8), now: .now).first {
      case .send(let reply), .sendPosition(let reply): return reply
      default: return ""
      }
    }
    let replies = (0..<4).map { subscribe($0) }
    #expect(replies.prefix(3).allSatisfy { $0.contains(#""subscribed""#) })
    #expect(replies.suffix(1).allSatisfy { $0.contains("INVALID_SUBSCRIPTION") }, "\(replies)")
    #expect(session.subscriptions.count == 3)
    #expect(subscribe(9, #","replace":true"#).contains(#""subscribed""#))
    #expect(session.subscriptions.count == 1)
  }
}
