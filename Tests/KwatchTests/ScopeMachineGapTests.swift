// SPDX-License-Identifier: Apache-2.0
import Events
import Process
import Testing

@testable import KwatchCore

/// Gaps in a watch: 410, streaming lists, verification, refusals, outages.
@Suite struct ScopeMachineGapTests {
  @Test(arguments: [ScopeError.Kind.stream(410), .http(410)])
  func repairsThePictureAfter410(_ kind: ScopeError.Kind) {
    let harness = MachineHarness.watching(["a": "1", "b": "2", "c": "3"])
    harness.fail(kind)
    #expect(harness.healths.suffix(2) == ["watch degraded gone", "watch degraded resync"])
    harness.list(["a": "1", "b": "20", "d": "4"], at: "30")
    #expect(harness.news() == ["~b@20", "+d@4", "-c"])
    #expect(harness.requests() == ["list >=11", "watch 30"])
    #expect(harness.passed == 0)
    harness.opened()
    harness.bookmark("31")
    #expect(harness.health.level == .healthy)
  }

  @Test func printsTheDeletionBeforeANewObjectOfTheSameName() {
    // In the opposite order, a consumer that keeps objects by name would delete the new object.
    let harness = MachineHarness.watching(["a": "1", "b": "2"])
    harness.fail(.stream(410))
    harness.opened()
    harness.item("a", "20", uid: "another")
    harness.item("b", "2")
    harness.send(.page(harness.current, ListMeta(resourceVersion: "30")))
    #expect(harness.news() == ["-a", "+a@20"])
    harness.opened()
    harness.event(.deleted, "b", "31")
    #expect(harness.news() == ["-b"])
  }

  @Test func endsOn410IfConfigured() {
    var settings = MachineHarness.paged
    settings.onGone = .exit
    let harness = MachineHarness.watching(["a": "1"], settings)
    harness.fail(.stream(410))
    #expect(harness.end == .gone)
    #expect(harness.passed == 1)
  }

  @Test func backsOffFromAServerThatExpiresEverything() {
    let harness = MachineHarness.watching()
    var waits: [Duration] = []
    for _ in 0..<4 {
      harness.fail(.stream(410))
      if case .waiting = harness.machine.state { waits.append(harness.wait()) }
      harness.list(["a": "1", "b": "2"], at: "30")
      harness.opened()
    }
    #expect(waits == [.milliseconds(500), .seconds(1), .seconds(2)])
    #expect(harness.news().isEmpty)
  }

  // MARK: - Streaming lists

  @Test func streamsAListToItsEndMarker() {
    let harness = MachineHarness(ScopeSettings())
    harness.start()
    harness.opened()
    harness.event(.added, "b", "9")
    harness.event(.added, "a", "3")
    // The initial events have no order, so the machine continues from the version of the marker.
    #expect(harness.resourceVersion.isEmpty)
    harness.bookmark("10", ends: true)
    #expect(harness.resourceVersion == "10")
    #expect(harness.health.level == .healthy)
    harness.event(.modified, "a", "11")
    #expect(harness.news() == ["+b@9", "+a@3", "~a@11"])
    #expect(harness.requests() == ["stream"])
  }

  @Test(arguments: [
    ScopeError.Kind.http(422), .http(400), .http(403), .stream(500), .stream(504), .silence,
  ])
  func listsIfStreamingIsNotSupported(_ kind: ScopeError.Kind) {
    let harness = MachineHarness(ScopeSettings())
    harness.start()
    harness.opened()
    harness.event(.added, "a", "3")
    harness.fail(kind)
    harness.list(["a": "3", "b": "4"], at: "10")
    #expect(harness.news() == ["+a@3", "+b@4"])
    #expect(harness.requests() == ["stream", "list", "watch 10"])
  }

  @Test(arguments: [ScopeError.Kind.stream(500), .http(422), .silence, nil])
  func missesNoDeletionWhenAListReplacesABrokenStream(_ kind: ScopeError.Kind?) {
    let harness = MachineHarness(ScopeSettings())
    harness.start()
    harness.opened()
    harness.event(.added, "a", "3")
    harness.event(.added, "b", "4")
    // nil: a clean end.
    if let kind { harness.fail(kind) } else { harness.ended() }
    harness.list(["a": "3"], at: "10")
    #expect(harness.news() == ["+a@3", "+b@4", "-b"])
  }

  @Test func listsIfTheMarkerNeverArrives() {
    let harness = MachineHarness(ScopeSettings())
    harness.start()
    harness.opened()
    harness.event(.added, "a", "3")
    // The message about the silence.
    #expect(harness.wait() == .seconds(5))
    #expect(harness.wait() == .seconds(5))
    #expect(harness.requests() == ["stream", "list"])
    let other = MachineHarness(ScopeSettings())
    other.start()
    other.opened()
    other.ended()
    #expect(other.requests() == ["stream", "list"])
  }

  @Test func removesObjectsOnlyAtTheMarker() {
    let harness = MachineHarness(ScopeSettings())
    harness.start()
    harness.opened()
    harness.event(.added, "a", "3")
    harness.event(.added, "b", "4")
    harness.bookmark("10", ends: true)
    _ = harness.news()
    harness.send(.relist)
    harness.opened()
    harness.event(.added, "a", "3")
    #expect(harness.news().isEmpty)
    harness.bookmark("12", ends: true)
    #expect(harness.news() == ["-b"])
  }

  // MARK: - Verification

  @Test func printsChangesThatTheWatchHasMissed() {
    var settings = MachineHarness.paged
    settings.verifyInterval = .seconds(60)
    let harness = MachineHarness.watching(["a": "1", "b": "2", "c": "3"], settings)
    let stream = harness.current
    harness.wait()
    // The version is exactly the printed state. Other states may not be printed.
    #expect(harness.requests() == ["list =11"])
    let list = harness.current
    harness.event(.modified, "a", "12", id: stream)
    harness.event(.deleted, "c", "13", id: stream)
    harness.item("a", "1", id: list)
    harness.item("b", "20", id: list)
    harness.item("c", "3", id: list)
    harness.item("d", "4", id: list)
    harness.send(.page(list, ListMeta(resourceVersion: "11")))
    #expect(harness.news() == ["~a@12", "-c", "~b@20", "+d@4"])
    #expect(harness.healths.suffix(2) == ["watch degraded drift", "watch healthy "])
    harness.wait()
    #expect(harness.requests() == ["list =13"])
  }

  @Test func findsAMissedDeletion() {
    var settings = MachineHarness.paged
    settings.verifyInterval = .seconds(10)
    let harness = MachineHarness.watching(["a": "1", "b": "2"], settings)
    harness.wait()
    #expect(harness.requests() == ["list =11"])
    harness.item("a", "1")
    harness.send(.page(harness.current, ListMeta(resourceVersion: "11")))
    #expect(harness.news() == ["-b"])
  }

  @Test func cancelsAVerificationForAList() {
    var settings = MachineHarness.paged
    settings.verifyInterval = .seconds(60)
    let harness = MachineHarness.watching(["a": "1", "b": "2"], settings)
    let stream = harness.current
    harness.wait()
    let verification = harness.current
    harness.fail(.http(403), id: stream)
    harness.wait()
    harness.opened()
    harness.item("a", "1")
    // This page arrives late. It must not delete objects that the poll has not listed yet.
    harness.send(.page(verification, ListMeta(resourceVersion: "11")))
    #expect(harness.news().isEmpty)
    harness.item("b", "2")
    harness.send(.page(harness.current, ListMeta(resourceVersion: "12")))
    #expect(harness.news().isEmpty)
  }

  // MARK: - Refusals and outages

  @Test func pollsIfWatchingIsRefused() {
    let harness = MachineHarness()
    harness.start()
    harness.list(["a": "1"], at: "10")
    harness.fail(.http(403))
    #expect(harness.health.mode == .polling)
    #expect(harness.health.reason == .permission)
    #expect(harness.wait() == .seconds(10))
    harness.list(["b": "2"], at: "20")
    #expect(harness.news() == ["+a@1", "+b@2", "-a"])
    for _ in 0..<5 {
      #expect(harness.wait() == .seconds(10))
      harness.list(["b": "2"], at: "20")
    }
    // The watch is tried again once a minute.
    #expect(harness.requests().filter { $0.hasPrefix("watch") } == ["watch 10", "watch 20"])
    harness.opened()
    harness.event(.modified, "b", "21")
    #expect(harness.healths.last == "watch healthy ")
  }

  @Test func pollsWhileAWatchIsSilent() {
    let harness = MachineHarness()
    harness.start()
    harness.list(["a": "1"], at: "10")
    harness.opened()
    #expect(harness.wait() == .seconds(12))
    #expect(harness.health.mode == .polling)
    harness.list(["a": "2"], at: "20")
    #expect(harness.requests() == ["list", "watch 10", "list", "watch 20"])
    #expect(harness.news() == ["+a@1", "~a@2"])
    harness.opened()
    #expect(harness.health.mode == .polling)
    harness.event(.modified, "a", "21")
    #expect(harness.health.mode == .watch)
  }

  @Test func pollsAfterFiveSecondsOfABrokenWatch() {
    let harness = MachineHarness.watching()
    harness.fail(.transport)
    let since = harness.now
    while harness.now < since + .seconds(5) {
      harness.wait()
      if harness.now < since + .seconds(5) { harness.fail(.transport) }
    }
    #expect(harness.now == since + .seconds(5))
    #expect(harness.requests().last == "list")
    #expect(harness.health.mode == .polling)
    harness.fail(.transport)
    #expect(harness.health.level == .unhealthy)
    harness.wait()
    harness.list(["a": "1"], at: "40")
    #expect(harness.news() == ["-b"])
    harness.opened()
    harness.bookmark("41")
    #expect(harness.healths.last == "watch healthy ")
  }

  @Test func doublesItsWaits() {
    var settings = MachineHarness.paged
    settings.allowsPolling = false
    let harness = MachineHarness.watching(["a": "1"], settings)
    var waits: [Duration] = []
    for _ in 0..<7 {
      harness.fail(.http(500))
      waits.append(harness.wait())
    }
    #expect(waits.map { $0 * 2 } == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
    harness.fail(.http(503), retryAfter: .seconds(100))
    #expect(harness.wait() == .seconds(100))
  }

  /// A server may ask for a wait of an hour, which must not look like a run in which nothing happens.
  @Test func reportsALongWaitEachMinute() {
    let harness = MachineHarness.watching(["a": "1"])
    let begin = harness.now
    harness.fail(.http(503), retryAfter: .seconds(200))
    let first = harness.warnings.count
    var reports: [Duration] = []
    while let deadline = harness.deadline, harness.requests().isEmpty {
      harness.now = deadline
      harness.send(.timer)
      reports.append(harness.now - begin)
    }
    #expect(reports == [60, 120, 180, 200].map { .seconds($0) })
    #expect(harness.warnings.dropFirst(first).map { $0.contains("waiting") } == [true, true, true])
    #expect(harness.warnings.last?.contains("20s") == true, "\(harness.warnings)")
  }

  @Test func givesUpIfConfigured() {
    var settings = MachineHarness.paged
    settings.retryLimit = 2
    let harness = MachineHarness(settings)
    harness.start()
    for _ in 0..<2 {
      harness.fail(.transport)
      harness.wait()
    }
    harness.fail(.transport)
    #expect(harness.end == .unavailable)
  }

  @Test func refreshesCredentialsOnce() {
    let harness = MachineHarness()
    harness.start()
    harness.fail(.http(401))
    #expect(harness.refreshes == 1)
    #expect(harness.requests() == ["list", "list"])
    harness.fail(.http(401))
    #expect(harness.end == .noPermission)
  }

  @Test func refreshesCredentialsAtEveryRefusal() {
    // A token without an expiry may be refused again much later.
    var settings = MachineHarness.paged
    settings.allowsPolling = false
    let harness = MachineHarness.watching(["a": "1"], settings)
    harness.fail(.http(401))
    #expect(harness.requests() == ["watch 11"])
    for round in 2..<5 {
      harness.fail(.http(401))
      #expect(harness.refreshes == round)
      #expect(harness.wait() > .zero)
    }
  }

  @Test func endsIfItCanNeverSucceed() {
    for (code, status) in [(403, Process.ExitStatus.noPermission), (404, .noInput), (400, .usage)] {
      let harness = MachineHarness()
      harness.start()
      harness.fail(.http(code))
      #expect(harness.end == status)
    }
  }

  @Test func waitsForACRDThatWasRemoved() {
    let harness = MachineHarness.watching()
    harness.event(.deleted, "a", "12")
    harness.now += .seconds(2)
    harness.ended()
    harness.fail(.http(404))
    #expect(harness.news() == ["-a"])
    var told: [String] = []
    let end = harness.now + .seconds(40)
    while harness.now < end {
      harness.wait()
      harness.fail(.http(404))
      told += harness.news()
    }
    // A resource that is missing for half a minute is gone. A shorter time means that the server has just
    // started.
    #expect(told == ["-b"])
    // Each time the machine asks for discovery, because the resource may have moved.
    #expect(harness.rediscoveries > 3)
    harness.wait()
    harness.list(["c": "50"], at: "51")
    #expect(harness.news() == ["+c@50"])
  }

  @Test func printsErrorsOfTheServer() {
    let harness = MachineHarness.watching()
    harness.fail(.stream(500))
    #expect(harness.passed == 1)
    #expect(harness.health.reason == .error)
  }

  @Test func continuesFromAState() {
    let harness = MachineHarness()
    let identity = Identity(
      uid: Array("u-a".utf8), resourceVersion: Array("1".utf8), namespace: [], name: Array("a".utf8))
    harness.machine.restore(resourceVersion: "10", objects: [identity])
    harness.start()
    #expect(harness.requests() == ["probe 10"])
    harness.list([:], at: "12")
    #expect(harness.requests() == ["watch 10"])
    harness.opened()
    harness.fail(.stream(410))
    harness.list(["b": "2"], at: "30")
    #expect(harness.news() == ["+b@2", "-a"])
  }
}
