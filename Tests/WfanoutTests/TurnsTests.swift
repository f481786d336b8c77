// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct TurnsTests {
  func add(_ clients: [String], to turns: inout Turns<String>, now: Duration = .zero) {
    for client in clients { _ = turns.add(client, client: client, now: now) }
  }

  func take(_ count: Int, from turns: inout Turns<String>) -> [String?] {
    (0..<count).map { _ in turns.next() }
  }

  @Test func clientsThatAskAllTheTimeWaitForTheOthers() {
    var turns = Turns<String>()
    add(["a", "b", "a", "b"], to: &turns)
    #expect(take(2, from: &turns) == ["b", "a"])
    add(["c"], to: &turns)
    #expect(take(1, from: &turns) == ["c"], "it has not had a turn")
    #expect(take(3, from: &turns) == ["b", "a", nil])
  }

  @Test func manyAddressesOfANetworkHaveOneTurnAmongOthers() {
    var turns = Turns<String>()
    let crowd = (1...4).map { "address 127.0.1.\($0)" }
    add(crowd + ["address 127.0.2.1"], to: &turns)
    #expect(take(2, from: &turns) == ["address 127.0.2.1", crowd[3]])
    add(["address 127.0.2.1"], to: &turns)
    #expect(take(3, from: &turns) == ["address 127.0.2.1", crowd[2], crowd[1]])
  }

  @Test(arguments: [
    ("address 10.1.2.3", "address 10.1.2.250", true), ("address 10.1.2.3", "address 10.1.3.3", false),
    ("address 2001:db8::1", "address 2001:db8:0:0:5::2", true),
    ("address 2001:db8::1", "address 2001:db8:0:1::1", false),
    ("identity 10.1.2.3", "identity 10.1.2.4", false), ("address x", "address y", false),
    ("local", "local", true),
  ])
  func addressesOfANetwork(first: String, second: String, areOne: Bool) {
    #expect((ClientNetwork.name(of: first) == ClientNetwork.name(of: second)) == areOne)
  }

  /// Requests that start at once count, too.
  @Test func aTurnWithoutAWaitCounts() {
    var turns = Turns<String>()
    turns.take("a")
    add(["b", "a"], to: &turns)
    #expect(take(2, from: &turns) == ["b", "a"])
  }

  @Test func requestsOfAClientKeepTheirOrder() {
    var turns = Turns<Int>()
    for number in 1...3 { _ = turns.add(number, client: "a", now: .zero) }
    let served = (1...3).map { _ in turns.next() }
    #expect(served == [1, 2, 3])
  }

  @Test func aClientHasFewRequestsWaiting() {
    var turns = Turns<Int>()
    let added = (0..<Turns<Int>.clientLimit + 1).map { turns.add($0, client: "a", now: .zero) }
    #expect(added.last == false && added.dropLast().allSatisfy(\.self))
    let isOtherAdded = turns.add(0, client: "b", now: .zero)
    #expect(isOtherAdded)
    _ = (turns.next(), turns.next())
    let isAddedAgain = turns.add(0, client: "a", now: .zero)
    #expect(isAddedAgain, "one has had its turn")
  }

  @Test func requestsExpire() {
    var turns = Turns<String>()
    add(["old"], to: &turns)
    add(["new"], to: &turns, now: .seconds(6))
    func expired(_ now: Duration) -> [String] { turns.removeExpired(after: .seconds(10), now: now) }
    #expect(expired(.seconds(9)) == [])
    #expect(expired(.seconds(10)) == ["old"])
    #expect(take(2, from: &turns) == ["new", nil])
    #expect(turns.isEmpty)
  }
}
