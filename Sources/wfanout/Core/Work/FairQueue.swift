// SPDX-License-Identifier: Apache-2.0

/// The CPU time of one source of work, such as a filter. Guarded by the lock of its queue.
final class CPUMeter: @unchecked Sendable {  // guarded by the lock around its ``FairQueue``
  fileprivate var served = Duration.zero
  fileprivate var isRunning = false
}

/// Selects the work to run next: that of the account that was served least, and within it of the least served
/// meter.
///
/// An account that has used up its allowance waits until it is refilled. No clock and no lock: time is a
/// parameter.
struct FairQueue<Element: Sendable>: Sendable {
  /// A piece of work to run now. Return it with ``finish(_:used:isDone:now:)``.
  struct Turn: Sendable {
    let element: Element
    fileprivate let meter: CPUMeter
    fileprivate let account: Account
  }

  enum Next: Sendable {
    case run(Turn)
    /// Nothing may run before this time has passed; nil if nothing is queued.
    case wait(Duration?)
  }

  /// An account's usage, as reported to operators.
  struct Usage: Equatable, Sendable {
    var account: String
    var total: Duration
    var queued: Int
    /// Whether the account waits for its allowance.
    var isThrottled: Bool
  }

  fileprivate final class Account: @unchecked Sendable {  // guarded by the lock around the queue
    /// The queued items, from `head` on, roughly in the order of arrival.
    var items: [(element: Element, meter: CPUMeter)] = []
    private var head = 0
    var running = 0
    /// Virtual time: an account that becomes active starts at the least served one's.
    var served = Duration.zero
    var meterClock = Duration.zero
    var allowance: Duration
    var refilled: Duration
    var total = Duration.zero

    init(allowance: Duration, now: Duration) {
      self.allowance = allowance
      refilled = now
    }

    /// The index of the oldest items' one whose meter was served least. Work of one meter never runs on two
    /// threads.
    var leastServed: Int? {
      var best: Int?
      var seen = 0
      for index in head..<items.count where !items[index].meter.isRunning {
        if best.map({ items[index].meter.served < items[$0].meter.served }) ?? true { best = index }
        seen += 1
        if seen == Account.window { break }
      }
      return best
    }

    /// Bounds the search when thousands of items are queued.
    private static var window: Int { 64 }

    /// Queues begun work before all other: only as much of it as the window holds keeps partial results.
    func putBack(_ item: (element: Element, meter: CPUMeter)) {
      guard head > 0 else { return items.insert(item, at: 0) }
      head -= 1
      items[head] = item
    }

    var isEmpty: Bool { head == items.count }
    var count: Int { items.count - head }

    func take(_ index: Int) -> (element: Element, meter: CPUMeter) {
      items.swapAt(index, head)
      let item = items[head]
      head += 1
      // Frees the items that were taken once they are as many as those still queued.
      if head * 2 >= items.count {
        items.removeFirst(head)
        head = 0
      }
      return item
    }
  }

  /// CPU time that an account may use in a second.
  let budget: Duration
  private var accounts: [String: Account] = [:]
  /// The accounts with queued work.
  private var active: [Account] = []
  /// The number of accounts with work that is queued or runs.
  private(set) var busyAccounts = 0
  private var clock = Duration.zero

  /// The maximum number of accounts that are kept, because the number of clients is unlimited.
  private static var accountLimit: Int { 10_000 }

  init(budget: Duration) { self.budget = budget }

  mutating func add(_ element: Element, account name: String, meter: CPUMeter, now: Duration) {
    if accounts.count >= FairQueue.accountLimit, accounts[name] == nil { forgetIdleAccounts(now) }
    let account = accounts[name] ?? Account(allowance: budget, now: now)
    accounts[name] = account
    if account.isEmpty, account.running == 0 {
      account.served = max(account.served, clock)
      busyAccounts += 1
    }
    meter.served = max(meter.served, account.meterClock)
    if account.isEmpty { active.append(account) }
    account.items.append((element, meter))
  }

  mutating func next(now: Duration) -> Next {
    var best: (account: Account, index: Int)?
    var wait: Duration?
    for account in active {
      guard let index = account.leastServed else { continue }
      refill(account, now)
      if account.allowance <= .zero {
        let due = .zero - account.allowance / (budget / .seconds(1)) + .milliseconds(1)
        wait = min(wait ?? due, due)
      } else if best.map({ account.served < $0.account.served }) ?? true {
        best = (account, index)
      }
    }
    guard let (account, index) = best else { return .wait(wait) }
    clock = max(clock, account.served)
    let item = account.take(index)
    if account.isEmpty { active.removeAll { $0 === account } }
    account.meterClock = max(account.meterClock, item.meter.served)
    account.running += 1
    item.meter.isRunning = true
    return .run(Turn(element: item.element, meter: item.meter, account: account))
  }

  /// Charges a turn; work that is not done is queued again.
  mutating func finish(_ turn: Turn, used: Duration, isDone: Bool, now: Duration) {
    turn.meter.isRunning = false
    turn.meter.served += used
    let account = turn.account
    account.running -= 1
    account.served += used
    account.total += used
    account.allowance -= used
    if !isDone {
      if account.isEmpty { active.append(account) }
      account.putBack((turn.element, turn.meter))
    }
    if account.isEmpty, account.running == 0 { busyAccounts -= 1 }
  }

  /// All accounts that are remembered, the most expensive first.
  func usage() -> [Usage] {
    accounts.map { name, account in
      Usage(
        account: name, total: account.total, queued: account.count + account.running,
        isThrottled: !account.isEmpty && account.allowance <= .zero)
    }.sorted { ($0.total, $1.account) > ($1.total, $0.account) }
  }

  private func refill(_ account: Account, _ now: Duration) {
    guard now > account.refilled else { return }
    // At most a second's budget accumulates.
    account.allowance = min(
      budget, account.allowance + budget * ((now - account.refilled) / .seconds(1)))
    account.refilled = now
  }

  private mutating func forgetIdleAccounts(_ now: Duration) {
    for account in accounts.values { refill(account, now) }
    accounts = accounts.filter { !$1.isEmpty || $1.running > 0 || $1.allowance < budget }
  }
}
