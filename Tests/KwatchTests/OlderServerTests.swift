// SPDX-License-Identifier: Apache-2.0
import Events
import Testing

@testable import KwatchCore

/// Servers whose state is older than what was printed: a replica that lags, a cache that is not ready, an etcd that was
/// restored from a backup.
@Suite struct OlderServerTests {
  @Test func neverGoesBackWhileAReplicaLags() {
    let harness = MachineHarness.watching(["a": "11", "b": "2"])
    harness.fail(.stream(410))
    for _ in 0..<29 {
      harness.fail(.http(504), retryAfter: .seconds(1), tooLarge: true)
      #expect(harness.wait() == .seconds(1))
    }
    harness.list(["a": "11", "b": "20"], at: "30")
    #expect(harness.requests() == Array(repeating: "list >=11", count: 30) + ["watch 30"])
    #expect(harness.news() == ["~b@20"])
  }

  @Test func printsTheOlderStateOfARestoredServerInTheEnd() {
    let harness = MachineHarness.watching(["a": "11", "b": "2"])
    harness.fail(.stream(410))
    for _ in 0..<30 {
      harness.fail(.http(504), tooLarge: true)
      harness.wait()
    }
    harness.fail(.http(504), tooLarge: true)
    #expect(harness.requests().last == "list")
    harness.list(["a": "5"], at: "6")
    #expect(harness.news() == ["~a@5", "-b"])
    // From then on this is the state that must not be left backwards.
    harness.opened()
    harness.fail(.stream(410))
    harness.wait()
    #expect(harness.requests() == ["watch 6", "list >=6"])
  }

  @Test func streamsNoOlderList() {
    let harness = MachineHarness(ScopeSettings())
    harness.start()
    harness.opened()
    harness.event(.added, "a", "9")
    harness.bookmark("10", ends: true)
    _ = harness.news()
    harness.fail(.stream(410))
    harness.opened()
    harness.fail(.stream(504), tooLarge: true)
    harness.wait()
    harness.opened()
    harness.event(.added, "a", "12")
    harness.bookmark("13", ends: true)
    #expect(harness.requests() == ["stream", "stream >=10", "stream >=10"])
    #expect(harness.news() == ["~a@12"])
  }

  /// Before 1.19 a version of a page is an exact one; others refuse a parameter that they do not know.
  @Test(arguments: [410, 400, 422])
  func listsAnyStateWhereAServerCannotCompareVersions(_ code: Int) {
    let harness = MachineHarness.watching(["a": "1"])
    harness.send(.relist)
    harness.fail(.http(code))
    harness.list(["a": "2"], at: "20")
    #expect(harness.requests() == ["list >=11", "list", "watch 20"])
    #expect(harness.news() == ["~a@2"])
  }

  @Test func listsInOnePieceNoOlderStateEither() {
    let harness = MachineHarness.watching(["a": "1"])
    harness.send(.relist)
    harness.opened()
    harness.item("a", "1")
    harness.send(.page(harness.current, ListMeta(resourceVersion: "20", continuation: "x")))
    harness.fail(.http(410))
    harness.fail(.http(410))
    harness.list(["a": "1"], at: "30")
    #expect(harness.requests() == ["list >=11", "list +x", "list >=11 all", "list", "watch 30"])
  }

  /// A list that replaces a watch is read from etcd: the cache that the watch comes from may be what is broken.
  @Test func pollsTheMostRecentState() {
    let harness = MachineHarness.watching(["a": "1"])
    harness.fail(.http(403))
    harness.wait()
    #expect(harness.requests() == ["list"])
  }
}
