// SPDX-License-Identifier: Apache-2.0
import Events
import Process

/// Discovery on one cluster: resolves names to resources, and retries while the cluster cannot be reached.
final class ClusterRunner {
  /// The outcome for one name.
  enum Verdict {
    /// `others`: resources of other groups that have the name, too.
    case found(APIResource, others: [APIResource])
    /// Final: there is no such resource, or no permission.
    case final(ExitStatus, StreamStatus.Reason, String)
    /// Temporary: the server is unavailable.
    case later(String, StreamStatus.Reason)
  }

  let link: ClusterLink
  /// The scope whose resource is resolved again; nil for the discovery at the start.
  let moved: ScopeRunner?
  private let names: [ResourceName]
  private(set) var unresolved: [ResourceName]
  private let wantsAll: Bool
  private unowned let host: any RunnerHost
  private lazy var requests = DocumentRequests(link, patience: patience, host: host) { [unowned self] in
    answered($0, $1)
  }
  private let patience: Duration
  private var discovery: Discovery
  private var backoff = Backoff(floor: .milliseconds(100))
  /// The server's Retry-After of this attempt.
  private var retryAfter: Duration?
  private var hasRefreshed = false
  private(set) var attempts = 0
  /// The first failures are logged, then one a minute.
  private(set) var isWorthReporting = true
  private var lastReport = Duration.zero
  private(set) var wakeAt: Duration?
  /// The wait for the next attempt.
  private var longWait: LongWait?
  /// Since when nothing has come from the server, and whether this attempt has reported that.
  private var silence: (since: Duration, isReported: Bool)?

  /// At the end of each attempt, the host gets the outcome of each name that had none yet.
  init(
    _ link: ClusterLink, _ names: [ResourceName], wantsAll: Bool = false, moved: ScopeRunner? = nil,
    patience: Duration = .seconds(30), host: any RunnerHost
  ) {
    self.link = link
    self.moved = moved
    self.names = names
    unresolved = names
    self.wantsAll = wantsAll
    self.patience = patience
    self.host = host
    discovery = Discovery(names, wantsAll: wantsAll, place: link.label)
  }

  var isDone: Bool { unresolved.isEmpty && wakeAt == nil && requests.isIdle }
  /// An attempt was made, and no request is running.
  var isIdle: Bool { attempts > 0 && requests.isIdle }

  func start() {
    (wakeAt, longWait) = (nil, nil)
    silence = nil
    retryAfter = nil
    discovery = Discovery(unresolved, wantsAll: wantsAll, place: link.label)
    requests.get(discovery.start(), accept: Discovery.accept)
  }

  func timer(_ now: Duration) {
    if let at = wakeAt, at <= now { start() }
  }

  /// Starts the waiting requests. Has no effect while credentials are being fetched.
  func pump() {
    do throws(ConfigError) {
      try requests.pump()
      if silence == nil, requests.isWaiting { silence = (MonotonicClock.now, false) }
    } catch {
      requests.removeWaiting()
      let message = "\(error.message) (\(link.label))"
      let verdict: Verdict = attempts == 0 ? .final(error.status, .auth, message) : .later(message, .auth)
      finish(unresolved.map { ($0, verdict) })
    }
  }

  /// When `waitingMessage` has something to report.
  var messageDeadline: Duration? { longWait?.nextReport ?? silenceDeadline }

  private var silenceDeadline: Duration? {
    silence.flatMap { $0.isReported || !requests.isWaiting ? nil : $0.since + .seconds(5) }
  }

  /// A message about a server that does not respond, once an attempt, or about a long wait, each minute.
  func waitingMessage(at now: Duration) -> String? {
    if let text = longWait?.report(at: now) { return text }
    guard let deadline = silenceDeadline, deadline <= now else { return nil }
    silence?.isReported = true
    return "no response from the server for 5 s; waiting (\(link.label))"
  }

  /// Stops retrying (`--max-retries`).
  func abandon() {
    unresolved = []
    (wakeAt, longWait) = (nil, nil)
    requests.removeWaiting()
  }

  private func answered(_ path: String, _ answer: DocumentRequests.Answer) {
    silence?.since = MonotonicClock.now
    if case .failure(let failure) = answer, let delay = failure.retryAfter {
      retryAfter = max(retryAfter ?? delay, delay)
    }
    requests.get(discovery.answer(path, answer), accept: Discovery.accept)
    guard discovery.isDone, requests.isIdle else { return }
    // The token may have expired since it was fetched: try once more with a new one.
    if !hasRefreshed, case .missing(let failures)? = unresolved.first.map({ discovery.resolve($0) }),
      failures.contains(where: { $0.kind == .http(401) })
    {
      hasRefreshed = true
      link.credentials.invalidate()
      return start()
    }
    finish(unresolved.map { ($0, verdict($0)) })
  }

  /// Messages about the APIs whose resources could not be listed.
  var gaps: [String] { discovery.gaps }

  private func verdict(_ name: ResourceName) -> Verdict {
    switch discovery.resolve(name) {
    case .found(let resource, let others): return .found(resource, others: others)
    case .missing(let failures):
      if let category = category(name) { return .final(.noInput, .noScope, category) }
      for failure in failures {
        switch failure.kind {
        case .http(401): return .final(.noPermission, .auth, failure.message)
        case .http(403): return .final(.noPermission, .permission, failure.message)
        case .http(500...), .http(429):
          let isElsewhere = !discovery.found.isEmpty && name.group == nil && !name.isPath
          return .later(
            isElsewhere ? "no available API has '\(name.text)', and \(failure.message)" : failure.message,
            .error)
        case .transport, .silence: return .later(failure.message, .disconnect)
        // Someone has to change a setting or a certificate; waiting helps only a watch that has worked before.
        case .untrusted: return .final(.badConfig, .disconnect, failure.message)
        case .http, .garbage, .stream: continue
        }
      }
      if let failure = failures.first { return .final(.unavailable, .error, failure.message) }
      return .final(.noInput, .noScope, missing(name))
    }
  }

  /// The message about a name that is a category's.
  private func category(_ name: ResourceName) -> String? {
    let members = name.group == nil && !name.isPath ? discovery.members(of: name.resource) : []
    guard !members.isEmpty else { return nil }
    return "'\(name.text)' is not a resource but a category (\(link.label)); name its resources: "
      + members.joined(separator: ",")
  }

  private func missing(_ name: ResourceName) -> String {
    var advice = "--list-resources prints all of them"
    if let first = names.first, first != name, !first.isPath, first.object == nil, !name.text.contains("/") {
      advice = "to watch one object, write RESOURCE/NAME, as in \(first.text)/\(name.text); " + advice
    }
    return "no resource '\(name.text)' on the server (\(link.label)); \(advice)"
  }

  private func finish(_ verdicts: [(ResourceName, Verdict)]) {
    attempts += 1
    let now = MonotonicClock.now
    isWorthReporting = attempts == 1 || attempts == 4 || now - lastReport >= .seconds(60)
    if isWorthReporting { lastReport = now }
    unresolved = verdicts.compactMap { name, verdict in
      if case .later = verdict { name } else { nil }
    }
    if !unresolved.isEmpty || wantsAll && discovery.found.isEmpty {
      let delay = backoff.next(random: Double.random(in: 0..<1))
      let until = now + (retryAfter ?? delay)
      wakeAt = until
      longWait =
        verdicts.lazy.compactMap { _, verdict in
          if case .later(let message, _) = verdict { LongWait(message, until: until, at: now) } else { nil }
        }.first
    }
    host.resolved(self, verdicts, discovery.found)
  }
}
