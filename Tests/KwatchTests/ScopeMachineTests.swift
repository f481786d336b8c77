// SPDX-License-Identifier: Apache-2.0
import Events
import Process
import Testing

@testable import KwatchCore

/// The normal course: list, watch, planned ends, proof of health.
@Suite struct ScopeMachineTests {
  @Test func listsThenWatchesFromThere() {
    let harness = MachineHarness()
    harness.start()
    harness.list(["a": "1", "b": "2"], at: "10")
    #expect(harness.news() == ["+a@1", "+b@2"])
    #expect(harness.requests() == ["list", "watch 10"])
    harness.opened()
    harness.event(.modified, "a", "12")
    harness.event(.deleted, "b", "13")
    #expect(harness.news() == ["~a@12", "-b"])
    harness.event(.added, "c", "9")
    #expect(harness.news() == ["+c@9"])
    #expect(harness.resourceVersion == "9")
  }

  @Test func readsAllPages() {
    let harness = MachineHarness()
    harness.start()
    harness.opened()
    harness.item("a", "1")
    harness.send(.page(harness.current, ListMeta(resourceVersion: "10", continuation: "x")))
    harness.opened()
    harness.item("b", "2")
    harness.send(.page(harness.current, ListMeta(resourceVersion: "10")))
    #expect(harness.news() == ["+a@1", "+b@2"])
    #expect(harness.requests() == ["list", "list +x", "watch 10"])
  }

  @Test func listsInOneRequestWhenAPageHasExpired() {
    // The server offers a token for an inconsistent rest of the list. Changes to the first page would be
    // missing.
    let harness = MachineHarness()
    harness.start()
    harness.opened()
    harness.item("a", "1")
    harness.send(.page(harness.current, ListMeta(resourceVersion: "10", continuation: "x")))
    harness.fail(.http(410))
    harness.list(["a": "20", "b": "2"], at: "30")
    #expect(harness.news() == ["+a@1", "~a@20", "+b@2"])
    #expect(harness.requests() == ["list", "list +x", "list all", "watch 30"])
  }

  @Test func isHealthyOnlyWhenProven() {
    let harness = MachineHarness()
    harness.start()
    harness.list([:], at: "10")
    harness.opened()
    #expect(harness.health.level == .degraded)
    #expect(harness.health.reason == .awaiting)
    harness.now = .seconds(harness.lastTimeout)
    harness.ended()
    #expect(harness.health.level == .healthy)
    #expect(harness.healths.last == "watch healthy ")
  }

  @Test func continuesAtOnceAfterAPlannedEnd() {
    let harness = MachineHarness.watching()
    harness.now += .seconds(100)
    harness.ended()
    #expect(harness.requests() == ["watch 11"])
    harness.opened()
    #expect(harness.health.level == .healthy)
    harness.event(.modified, "a", "12")
    harness.now += .seconds(100)
    harness.ended()
    #expect(harness.requests() == ["watch 12"])
    #expect(harness.news() == ["~a@12"])
  }

  @Test func reportsASilentFirstListOnce() {
    let harness = MachineHarness()
    harness.start()
    #expect(harness.wait() == .seconds(5))
    #expect(harness.warnings.count { $0.contains("first list") } == 1)
    // The time limit of the request is unchanged, and the second request is not reported again.
    #expect(harness.wait() == .seconds(25))
    harness.wait()
    harness.wait()
    #expect(harness.warnings.count { $0.contains("first list") } == 1)
  }

  @Test func reportsNoFirstListThatArrivesInPieces() {
    let harness = MachineHarness()
    harness.start()
    for number in 0..<5 {
      harness.now += .seconds(4)
      harness.item("a\(number)", "\(number)")
      harness.send(.timer)
    }
    harness.list(["b": "9"], at: "10")
    harness.now += .seconds(9)
    harness.send(.timer)
    #expect(harness.warnings.isEmpty)
  }

  @Test func probesWhetherTheVersionOfASilentWatchIsKnown() {
    let harness = MachineHarness.watching()
    harness.now += .seconds(100)
    harness.ended()
    harness.opened()
    harness.now += .seconds(300)
    harness.ended()
    // A watch from a resourceVersion of the future is silent too.
    #expect(harness.requests() == ["watch 11", "probe 11"])
    for _ in 0..<30 {
      harness.fail(.http(504), retryAfter: .seconds(1), tooLarge: true)
      #expect(harness.wait() == .seconds(1))
    }
    harness.fail(.http(504), retryAfter: .seconds(1), tooLarge: true)
    #expect(harness.requests().last == "list")
    harness.list(["a": "1"], at: "5")
    #expect(harness.news() == ["-b"])
  }

  @Test func resumesFromABookmark() {
    let harness = MachineHarness.watching()
    harness.bookmark("17")
    harness.fail(.transport)
    harness.wait()
    #expect(harness.requests() == ["probe 17"])
    harness.list([:], at: "17")
    #expect(harness.requests() == ["watch 17"])
    // The probe's item is not a list: no object was deleted.
    #expect(harness.news().isEmpty)
  }

  @Test func treatsAWatchThatEndsAtOnceAsAFailure() {
    let harness = MachineHarness.watching()
    harness.ended()
    // After an event the probe is sent at most once a second.
    #expect(harness.health.level == .healthy)
    #expect(harness.wait() == .seconds(1))
    harness.opened()
    harness.ended()
    #expect(harness.health.level == .degraded)
    #expect(harness.wait() > .zero)
  }

  @Test func detectsADeadPeer() {
    let harness = MachineHarness.watching()
    // Bookmarks arrive every minute. After two and a half minutes without one, the stream is dead.
    harness.now += .seconds(60)
    harness.bookmark("12")
    let silence = harness.wait()
    #expect(silence == .seconds(150))
    #expect(harness.cancelled == 1)
    harness.wait()
    #expect(harness.wasFresh)
    #expect(harness.requests() == ["probe 12"])
  }

  @Test func detectsAServerThatNeverAnswers() {
    let harness = MachineHarness()
    harness.start()
    // The message about the silence.
    #expect(harness.wait() == .seconds(5))
    #expect(harness.cancelled == 0)
    #expect(harness.wait() == .seconds(25))
    #expect(harness.cancelled == 1)
    harness.wait()
    #expect(harness.requests() == ["list", "list"])
  }

  /// A plugin that waits for a person to log in.
  @Test func doesNotBlameTheServerForSlowCredentials() {
    let harness = MachineHarness()
    harness.start()
    for _ in 0..<10 {
      harness.now += .seconds(20)
      harness.machine.postpone(harness.current, to: harness.now)
      harness.send(.timer)
    }
    #expect(harness.requests() == ["list"] && harness.cancelled == 0 && harness.warnings.isEmpty)
    harness.wait()
    #expect(harness.wait() == .seconds(25))
    #expect(harness.cancelled == 1)
  }

  @Test func doesNotBlameTheServerForASlowReader() {
    let harness = MachineHarness.watching()
    harness.now += .seconds(1000)
    harness.machine.excuse(.seconds(1000), at: harness.now)
    harness.send(.timer)
    #expect(harness.cancelled == 0)
  }

  @Test func skipsTheInitialSetByMarker() {
    var settings = MachineHarness.paged
    settings.skipsInitial = true
    let harness = MachineHarness(settings)
    harness.start()
    harness.now += .seconds(5)
    harness.list(["a": "1"], at: "10")
    harness.opened()
    harness.event(.added, "b", "11")
    #expect(harness.news() == ["+b@11"])
  }

  @Test func printsNoDeletionOfSkippedObjects() {
    var settings = MachineHarness.paged
    settings.skipsInitial = true
    let harness = MachineHarness(settings)
    harness.start()
    harness.opened()
    harness.item("a", "1")
    harness.fail(.transport)
    harness.wait()
    harness.list(["b": "2"], at: "10")
    #expect(harness.news().isEmpty)
    harness.opened()
    harness.event(.deleted, "b", "11")
    #expect(harness.news() == ["-b"])
  }

  @Test func listsOnceAndEnds() {
    var settings = ScopeSettings()
    settings.isSnapshot = true
    let harness = MachineHarness(settings)
    harness.start()
    harness.list(["a": "1"], at: "10")
    #expect(harness.end == .ok)
    #expect(harness.requests() == ["list"])
    #expect(harness.healths.last == "snapshot healthy ")
  }

  @Test func printsNothingTwice() {
    let harness = MachineHarness.watching()
    harness.event(.modified, "a", "12")
    harness.event(.modified, "a", "12")
    harness.event(.deleted, "a", "13")
    harness.event(.deleted, "a", "13")
    #expect(harness.news() == ["~a@12", "-a"])
  }
}
