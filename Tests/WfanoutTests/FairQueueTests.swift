// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

/// The order in which clients' work runs, with time as a parameter.
struct FairQueueTests {
  /// Runs `count` turns of endless work, each with the CPU time of `cost`.
  private static func turns(
    _ queue: inout FairQueue<String>, _ count: Int, now: inout Duration, cost: (String) -> Duration
  ) -> [String] {
    var run: [String] = []
    while run.count < count {
      switch queue.next(now: now) {
      case .run(let turn):
        run.append(turn.element)
        now += cost(turn.element)
        queue.finish(turn, used: cost(turn.element), isDone: false, now: now)
      case .wait(let delay):
        guard let delay else { return run }
        now += delay
      }
    }
    return run
  }

  @Test func accountsShareTheTimeEqually() {
    var queue = FairQueue<String>(budget: .seconds(1))
    var now = Duration.zero
    for _ in 0..<50 { queue.add("many", account: "a", meter: CPUMeter(), now: now) }
    queue.add("one", account: "b", meter: CPUMeter(), now: now)
    let run = Self.turns(&queue, 100, now: &now) { _ in .milliseconds(4) }
    #expect(run.count { $0 == "one" } == 50)
  }

  @Test func cheapWorkDoesNotWaitForExpensiveWorkOfItsAccount() {
    var queue = FairQueue<String>(budget: .seconds(1))
    var now = Duration.zero
    for _ in 0..<20 { queue.add("costly", account: "a", meter: CPUMeter(), now: now) }
    queue.add("cheap", account: "a", meter: CPUMeter(), now: now)
    let run = Self.turns(&queue, 200, now: &now) { $0 == "cheap" ? .microseconds(10) : .milliseconds(4) }
    #expect(run.count { $0 == "cheap" } > 100)
  }

  /// Each piece of work that was begun may keep a partial result.
  @Test func littleWorkOfAnAccountIsBegunAtATime() {
    var queue = FairQueue<String>(budget: .seconds(1))
    var now = Duration.zero
    for number in 0..<1000 { queue.add("\(number)", account: "a", meter: CPUMeter(), now: now) }
    let run = Self.turns(&queue, 500, now: &now) { _ in .milliseconds(4) }
    #expect(Set(run).count <= 64)
  }

  @Test func aNewcomerIsServedAtOnce() {
    var queue = FairQueue<String>(budget: .seconds(1))
    var now = Duration.zero
    for account in ["a", "b", "c"] { queue.add(account, account: account, meter: CPUMeter(), now: now) }
    _ = Self.turns(&queue, 300, now: &now) { _ in .milliseconds(4) }
    queue.add("new", account: "new", meter: CPUMeter(), now: now)
    #expect(Self.turns(&queue, 4, now: &now) { _ in .milliseconds(4) }.contains("new"))
  }

  @Test func anAccountGetsItsBudgetAndNoMore() {
    var queue = FairQueue<String>(budget: .milliseconds(100))
    var now = Duration.zero
    queue.add("greedy", account: "a", meter: CPUMeter(), now: now)
    let run = Self.turns(&queue, 250, now: &now) { _ in .milliseconds(4) }
    // 250 turns of 4 ms are one second of CPU time, which is ten seconds of budget, minus the initial budget.
    #expect(run.count == 250 && now > .seconds(8) && now < .seconds(11))
    #expect(queue.usage().first?.total == .seconds(1))
  }

  @Test func workOfOneMeterNeverRunsTwiceAtATime() {
    var queue = FairQueue<String>(budget: .seconds(1))
    let meter = CPUMeter()
    queue.add("first", account: "a", meter: meter, now: .zero)
    queue.add("second", account: "a", meter: meter, now: .zero)
    guard case .run(let turn) = queue.next(now: .zero) else {
      Issue.record("nothing to run")
      return
    }
    guard case .wait = queue.next(now: .zero) else {
      Issue.record("two at a time")
      return
    }
    queue.finish(turn, used: .milliseconds(1), isDone: true, now: .milliseconds(1))
    guard case .run(let next) = queue.next(now: .milliseconds(1)) else {
      Issue.record("the second never runs")
      return
    }
    #expect(turn.element == "first" && next.element == "second")
  }

  @Test func accountsThatAreIdleAreForgotten() {
    var queue = FairQueue<String>(budget: .seconds(1))
    for number in 0..<12_000 {
      queue.add("w", account: "a\(number)", meter: CPUMeter(), now: .seconds(number))
      guard case .run(let turn) = queue.next(now: .seconds(number)) else { continue }
      queue.finish(turn, used: .milliseconds(1), isDone: true, now: .seconds(number))
    }
    #expect(queue.usage().count <= 10_001)
  }
}
