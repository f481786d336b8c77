// SPDX-License-Identifier: Apache-2.0
import Events
import Process
import Testing

@testable import KwatchCore

/// Drives a `ScopeMachine` without I/O, with a manual clock and without randomness, and records the printed
/// events.
final class MachineHarness {
  var machine: ScopeMachine
  var now = Duration.zero
  /// The printed events: `+a@1`, `~a@2`, `-a`.
  private(set) var told: [String] = []
  /// The requests in a short form: `list`, `list =5` (exactly), `list >=5` (not older than), `list +c`, `watch 5`,
  /// `stream`, `probe 5`.
  private(set) var sent: [String] = []
  private(set) var cancelled = 0
  private(set) var healths: [String] = []
  private(set) var end: Process.ExitStatus?
  private(set) var passed = 0
  private(set) var warnings: [String] = []
  private(set) var refreshes = 0
  private(set) var rediscoveries = 0
  private(set) var current = 0
  private(set) var wasFresh = false
  private(set) var lastTimeout = 0
  // #expect cannot use a property of a noncopyable value.
  var health: ScopeHealth { machine.health }
  var resourceVersion: String { machine.picture.resourceVersion }
  var isWatchOpen: Bool { machine.state.isWatchOpen }
  var isConsistent: Bool { machine.isConsistent }
  var deadline: Duration? { machine.deadline }

  init(_ settings: ScopeSettings = MachineHarness.paged, random: Double = 0.5) {
    machine = ScopeMachine(settings: settings) { random }
  }

  /// Settings without streaming lists, as most tests need them.
  static var paged: ScopeSettings {
    var settings = ScopeSettings()
    settings.allowsStreamingList = false
    return settings
  }

  func send(_ event: ScopeEvent) { perform(machine.event(event, at: now)) }

  func start() { send(.start) }

  private func perform(_ actions: [ScopeAction]) {
    for action in actions {
      switch action {
      case .send(let id, let request, let fresh):
        current = id
        wasFresh = fresh
        switch request {
        case .list(let version, let token, let limit):
          sent.append(
            "list" + shown(version) + (token.isEmpty ? "" : " +\(token)")
              + (limit == nil && token.isEmpty ? " all" : ""))
        case .streamingList(let version, let timeout):
          lastTimeout = timeout
          sent.append("stream" + shown(version))
        case .watch(let version, let timeout):
          lastTimeout = timeout
          sent.append("watch \(version)")
        case .probe(let version): sent.append("probe \(version)")
        }
      case .cancel: cancelled += 1
      case .delete(let identities): told += identities.map { "-\(text($0.name))" }.sorted()
      case .pass: passed += 1
      case .report(let health):
        healths.append("\(health.mode.rawValue) \(health.level.rawValue) \(health.reason.rawValue)")
      case .refreshCredentials: refreshes += 1
      case .finish(let status, _): end = status
      case .rediscover: rediscoveries += 1
      case .warn(let text): warnings.append(text)
      case .synced, .outage, .debug: break
      }
    }
  }

  private func shown(_ version: ListVersion) -> String {
    switch version {
    case .mostRecent: ""
    case .exactly(let version): " =\(version)"
    case .notOlderThan(let version): " >=\(version)"
    }
  }

  // MARK: - What the server does

  func item(_ name: String, _ version: String, uid: String? = nil, id: Int? = nil) {
    let bytes = Array(
      #"{"metadata":{"name":"\#(name)","uid":"\#(uid ?? "u-\(name)")","resourceVersion":"\#(version)"}}"#.utf8
    )
    guard let header = try? ObjectHeader(bytes.span, namespaced: false) else { return }
    tell(machine.listItem(id ?? current, bytes.span, header, at: now), name, version)
  }

  func event(_ type: EventType, _ name: String, _ version: String, id: Int? = nil) {
    let bytes = Array(
      #"{"metadata":{"name":"\#(name)","uid":"u-\#(name)","resourceVersion":"\#(version)"}}"#.utf8)
    guard let header = try? ObjectHeader(bytes.span, namespaced: false) else { return }
    tell(machine.watchEvent(id ?? current, type, bytes.span, header, at: now), name, version)
    if machine.needsProof { send(.delivered) }
  }

  private func tell(_ disposition: Disposition, _ name: String, _ version: String) {
    switch disposition {
    case .emit(.added): told.append("+\(name)@\(version)")
    case .emit(.modified): told.append("~\(name)@\(version)")
    case .emit(.deleted): told.append("-\(name)")
    case .replace(let predecessor): told += ["-\(text(predecessor.name))", "+\(name)@\(version)"]
    default: break
    }
  }

  func opened() { send(.opened(current)) }

  /// Sends a complete list of one page.
  func list(_ objects: [String: String], at version: String) {
    opened()
    for (name, own) in objects.sorted(by: { $0.key < $1.key }) { item(name, own) }
    send(.page(current, ListMeta(resourceVersion: version)))
  }

  func bookmark(_ version: String, ends: Bool = false) {
    send(.bookmark(current, resourceVersion: version, endsInitialEvents: ends))
  }

  func fail(_ kind: ScopeError.Kind, retryAfter: Duration? = nil, tooLarge: Bool = false, id: Int? = nil) {
    send(
      .failed(
        id ?? current, ScopeError(kind: kind, message: "test", retryAfter: retryAfter, isTooLarge: tooLarge)
      ))
  }

  func ended() { send(.ended(current)) }

  /// Moves the clock to the next deadline, and calls the machine.
  @discardableResult
  func wait() -> Duration {
    guard let deadline = machine.state.waitsUntil ?? machine.deadline else { return .zero }
    let before = now
    now = max(now, deadline)
    send(.timer)
    return now - before
  }

  /// Returns and clears the printed events.
  func news() -> [String] {
    defer { told = [] }
    return told
  }

  func requests() -> [String] {
    defer { sent = [] }
    return sent
  }

  /// A scope that has listed `objects` at resourceVersion 10 and watches.
  static func watching(
    _ objects: [String: String] = ["a": "1", "b": "2"], _ settings: ScopeSettings = MachineHarness.paged
  ) -> MachineHarness {
    let harness = MachineHarness(settings)
    harness.start()
    harness.list(objects, at: "10")
    harness.opened()
    harness.bookmark("11")
    // The first watch is short; this is the second.
    harness.now += .seconds(harness.lastTimeout)
    harness.ended()
    harness.opened()
    harness.bookmark("11")
    _ = harness.news()
    _ = harness.requests()
    return harness
  }
}
