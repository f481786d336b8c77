// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Process

struct FreedMemoryTests {
  private static let megabyte = 1 << 20

  /// The schedule of a process that has used this much memory.
  private func schedule(after megabytes: Int...) -> TrimSchedule {
    var schedule = TrimSchedule()
    for number in megabytes { _ = schedule.isDue(resident: number * Self.megabyte) }
    return schedule
  }

  @Test func memoryIsReturnedWhenAPeakIsOver() {
    var schedule = schedule(after: 200)
    let isDueAtOnce = schedule.isDue(resident: 280 * Self.megabyte)
    #expect(!isDueAtOnce, "it still grows")
    let isDue = schedule.isDue(resident: 280 * Self.megabyte)
    #expect(isDue)
    schedule.trimmed(from: 280 * Self.megabyte, to: 210 * Self.megabyte)
    let isDueAgain = schedule.isDue(resident: 210 * Self.megabyte)
    #expect(!isDueAgain)
  }

  /// glibc keeps memory that was in use during a trim and is freed later.
  @Test func memoryThatWasInUseIsReturnedLater() {
    var schedule = schedule(after: 200, 280)
    let isDue = schedule.isDue(resident: 280 * Self.megabyte)
    #expect(isDue)
    schedule.trimmed(from: 280 * Self.megabyte, to: 275 * Self.megabyte)
    let dueIn = (1...100).first { _ in schedule.isDue(resident: 275 * Self.megabyte) }
    #expect(dueIn.map { $0 <= 5 } ?? false)
  }

  @Test func memoryThatStaysInUseIsTrimmedLessAndLessOften() {
    var schedule = schedule(after: 200, 1000)
    let trims = (1...1000).count { _ in
      guard schedule.isDue(resident: 1000 * Self.megabyte) else { return false }
      schedule.trimmed(from: 1000 * Self.megabyte, to: 1000 * Self.megabyte)
      return true
    }
    #expect((5...25).contains(trims))
  }

  @Test func anotherPeakIsReturnedAtOnce() {
    var schedule = schedule(after: 200, 1000)
    for _ in 1...200 where schedule.isDue(resident: 1000 * Self.megabyte) {
      schedule.trimmed(from: 1000 * Self.megabyte, to: 1000 * Self.megabyte)
    }
    _ = schedule.isDue(resident: 1300 * Self.megabyte)
    let isDue = schedule.isDue(resident: 1300 * Self.megabyte)
    #expect(isDue)
  }
}
