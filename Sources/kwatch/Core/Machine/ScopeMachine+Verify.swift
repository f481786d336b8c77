// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// `--verify`: the next comparison, or the list that is being compared.
struct Verification {
  /// When it begins; nil: its list is under way.
  var dueAt: Duration?
  var transfer: TransferID?
  var lastActivity = Duration.zero
  /// Objects that the watch deleted while the list was under way.
  var deleted: Set<[UInt8]> = []
  var differences = 0

  mutating func noteDeleted(_ text: Span<UInt8>, _ header: ObjectHeader) {
    guard transfer != nil else { return }
    deleted.insert(Self.key(text, header))
  }

  static func key(_ text: Span<UInt8>, _ header: ObjectHeader) -> [UInt8] {
    text.bytes(header.namespace) + [UInt8(ascii: "/")] + text.bytes(header.name)
  }
}

/// What was printed is compared with a list at the very resourceVersion of the last event. What differs is drift, unless
/// the watch has touched it meanwhile.
extension ScopeMachine {
  mutating func scheduleVerification() {
    guard let interval = settings.verifyInterval, verification == nil else { return }
    verification = Verification(dueAt: now + interval)
  }

  mutating func cancelVerification() {
    if let id = verification?.transfer { actions.append(.cancel(id)) }
    verification = nil
  }

  /// Whether a list is being compared.
  var isVerifying: Bool { verification?.transfer != nil }

  var verificationDeadline: Duration? {
    verification.map { $0.dueAt ?? $0.lastActivity + settings.answerTimeout }
  }

  mutating func verificationTimer() {
    guard let at = verificationDeadline, at <= now else { return }
    if isVerifying {
      verificationFailed(ScopeError(kind: .silence, message: "\(title): no answer"))
    } else {
      verify()
    }
  }

  private mutating func verify() {
    verification = nil
    guard case .watching = state, server.isProven, !resourceVersion.isEmpty else { return }
    known.beginRound()
    verify(
      .list(resourceVersion: resourceVersion, continuation: "", limit: settings.pageLimit), Verification())
  }

  private mutating func verify(_ request: ScopeRequest, _ current: Verification) {
    var current = current
    current.transfer = send(request, fresh: false).id
    current.lastActivity = now
    verification = current
  }

  mutating func verifiedItem(_ text: Span<UInt8>, _ header: ObjectHeader) -> Disposition {
    verification?.lastActivity = now
    if let seen = known.see(text, header) {
      if seen.isSame || seen.touched { return .drop }
    } else if verification?.deleted.contains(Verification.key(text, header)) != false {
      return .drop
    }
    verification?.differences += 1
    return Self.disposition(of: known.upsert(text, header), changed: .modified)
  }

  mutating func verified(_ meta: ListMeta) {
    guard let current = verification else { return }
    guard meta.continuation.isEmpty else {
      return verify(
        .list(resourceVersion: "", continuation: meta.continuation, limit: settings.pageLimit), current)
    }
    let gone = known.sweep()
    if !gone.isEmpty { actions.append(.delete(gone)) }
    let differences = current.differences + gone.count
    verification = nil
    if differences > 0 {
      counts.errors += 1
      actions.append(.warn("\(title): the watch had missed \(differences) changes; they are repaired"))
      setHealth(.watch, .degraded, .drift, connected: true)
      actions.append(.report(health))
      setHealth(.watch, .healthy, connected: true, delivering: true)
      actions.append(.report(health))
    }
    scheduleVerification()
  }

  /// If that state is no longer available (410), the present one is compared instead.
  mutating func verificationFailed(_ failure: ScopeError) {
    if let id = verification?.transfer { actions.append(.cancel(id)) }
    verification = nil
    guard failure.kind == .http(410) else {
      actions.append(.debug("verify: \(failure.message)"))
      scheduleVerification()
      return
    }
    cancel()
    counts.resyncs += 1
    list(.resync)
  }
}
