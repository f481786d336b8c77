// SPDX-License-Identifier: Apache-2.0
import Events
import Process

/// Discovery on one cluster: resolves names to resources, again and again while the cluster cannot be reached.
final class ClusterRunner {
  /// The outcome for one name.
  enum Verdict {
    /// `others`: resources of other groups that the name fits too.
    case found(APIResource, others: [APIResource])
    /// Never: there is no such resource, or no permission.
    case final(ExitStatus, StreamStatus.Reason, String)
    /// Not now.
    case later(String, StreamStatus.Reason)
  }

  let link: ClusterLink
  private(set) var unresolved: [ResourceName]
  private let wantsAll: Bool
  private var discovery: Discovery
  private(set) var queue: [String] = []
  private var backoff = Backoff(floor: .milliseconds(100))
  private var hasRefreshed = false
  private(set) var attempts = 0
  /// The first failures are reported, then one a minute.
  private(set) var isWorthReporting = true
  private var lastReport = Duration.zero
  /// Requests under way; bounded, as over HTTP/1.1 each takes a connection.
  private var open = 0
  private static let openLimit = 8
  private(set) var wakeAt: Duration?
  private let judge: (ClusterRunner, [(ResourceName, Verdict)], [APIResource]) -> Void

  /// How long a request may say nothing.
  private let patience: Duration

  /// `judge` is called at the end of each attempt, with a verdict on each name that had none yet.
  init(
    _ link: ClusterLink, _ names: [ResourceName], wantsAll: Bool, patience: Duration = .seconds(30),
    judge: @escaping (ClusterRunner, [(ResourceName, Verdict)], [APIResource]) -> Void
  ) {
    self.link = link
    unresolved = names
    self.wantsAll = wantsAll
    self.patience = patience
    self.judge = judge
    discovery = Discovery(names, wantsAll: wantsAll)
  }

  var isDone: Bool { unresolved.isEmpty && wakeAt == nil && queue.isEmpty && open == 0 }
  /// It has been asked, and nothing is under way.
  var isIdle: Bool { attempts > 0 && open == 0 }

  func start() {
    wakeAt = nil
    discovery = Discovery(unresolved, wantsAll: wantsAll)
    queue = discovery.start()
  }

  /// Starts what waits to be asked; stops where credentials are still on their way.
  func pump(_ multi: CurlMulti) {
    while open < Self.openLimit, let path = queue.first {
      do throws(ConfigError) {
        guard let exchange = try link.exchange(path, accept: Discovery.accept, compressed: true) else {
          return
        }
        exchange.limitSilence(patience)
        queue.removeFirst()
        open += 1
        var body: [UInt8] = []
        exchange.onBytes = { chunk in
          body += chunk.bytes(0..<chunk.count)
          // The largest clusters' aggregated discovery has a few megabytes.
          return body.count < 64 << 20
        }
        exchange.onEnd = { [unowned self] ending in
          switch ending {
          case .broken(let message):
            answered(path, .failure(ScopeFailure(kind: .transport, message: "\(what(path)): \(message)")))
          case .complete where exchange.status == 200: answered(path, .success(body))
          case .complete: answered(path, .failure(ServerAnswer.failure(exchange, what(path))))
          }
        }
        multi.start(exchange)
      } catch {
        queue = []
        let message = "\(error.message) (\(link.label))"
        let verdict: Verdict =
          attempts == 0 ? .final(error.status, .auth, message) : .later(message, .auth)
        finish(unresolved.map { ($0, verdict) })
      }
    }
  }

  func timer(_ now: Duration) {
    if let at = wakeAt, at <= now { start() }
  }

  private func answered(_ path: String, _ result: Result<[UInt8], ScopeFailure>) {
    open -= 1
    queue += discovery.answer(path, result)
    guard discovery.isDone, queue.isEmpty else { return }
    let verdicts = unresolved.map { ($0, verdict($0)) }
    // A token that has expired since it was fetched: once more with a new one.
    if !hasRefreshed, case .missing(let failures)? = unresolved.first.map({ discovery.resolve($0) }),
      failures.contains(where: { $0.kind == .http(401) })
    {
      hasRefreshed = true
      link.credentials.invalidate()
      return start()
    }
    finish(verdicts)
  }

  private func what(_ path: String) -> String { "GET \(path) (\(link.label))" }

  private func verdict(_ name: ResourceName) -> Verdict {
    switch discovery.resolve(name) {
    case .found(let resource, let others): return .found(resource, others: others)
    case .missing(let failures):
      for failure in failures {
        switch failure.kind {
        case .http(401): return .final(.noPermission, .auth, failure.message)
        case .http(403): return .final(.noPermission, .permission, failure.message)
        case .http(500...), .http(429): return .later(failure.message, .error)
        case .transport, .silence: return .later(failure.message, .disconnect)
        case .http, .garbage, .stream: continue
        }
      }
      if let failure = failures.first { return .final(.unavailable, .error, failure.message) }
      return .final(
        .noInput, .noScope,
        "no resource '\(name.text)' on the server (\(link.label)); --list-resources prints all of them")
    }
  }

  private func finish(_ verdicts: [(ResourceName, Verdict)]) {
    attempts += 1
    let now = MonotonicClock.now
    isWorthReporting = attempts == 1 || attempts == 4 || now - lastReport >= .seconds(60)
    if isWorthReporting { lastReport = now }
    unresolved = verdicts.compactMap { name, verdict in
      if case .later = verdict { name } else { nil }
    }
    let isFruitless = wantsAll && discovery.found.isEmpty
    if !unresolved.isEmpty || isFruitless {
      let pause = backoff.next(random: Double.random(in: 0..<1))
      wakeAt = MonotonicClock.now + pause
    }
    judge(self, verdicts, discovery.found)
  }

  /// Gives up waiting (`--max-retries`).
  func abandon() {
    unresolved = []
    wakeAt = nil
    queue = []
  }
}
