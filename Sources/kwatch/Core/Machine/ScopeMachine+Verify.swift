import Events
// SPDX-License-Identifier: Apache-2.0
import JSON

/// A list beside the watch, of exactly the state that the watch has told.
struct Verification {
  var transfer: TransferID
  var lastActivity: Duration
  /// Objects that the watch deleted while the list was under way.
  var deleted: Set<[UInt8]> = []
  var differences = 0

  mutating func noteDeleted(_ text: Span<UInt8>, _ header: ObjectHeader) {
    deleted.insert(Self.key(text, header))
  }

  static func key(_ text: Span<UInt8>, _ header: ObjectHeader) -> [UInt8] {
    text.bytes(header.namespace) + [UInt8(ascii: "/")] + text.bytes(header.name)
  }
}

/// `--verify`: what was told, compared with a list at the very resourceVersion of the last
/// event. What differs is drift, not news, unless the watch has touched it meanwhile.
extension ScopeMachine {
  mutating func scheduleVerification() {
    guard let interval = settings.verifyInterval, verifyAt == nil, verification == nil else { return }
    verifyAt = now + interval
  }

  mutating func cancelVerification() {
    if let verification { actions.append(.cancel(verification.transfer)) }
    verification = nil
    verifyAt = nil
  }

  var verificationDeadline: Duration? { verification.map { $0.lastActivity + settings.answerTimeout } }

  mutating func verify() {
    verifyAt = nil
    guard phase == .watching, isProven, verification == nil, !resourceVersion.isEmpty else { return }
    known.beginRound()
    lastTransfer += 1
    verification = Verification(transfer: lastTransfer, lastActivity: now)
    actions.append(
      .send(
        lastTransfer,
        .list(resourceVersion: resourceVersion, continuation: "", limit: settings.pageLimit), fresh: false))
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
    guard var current = verification else { return }
    guard meta.continuation.isEmpty else {
      lastTransfer += 1
      current.transfer = lastTransfer
      current.lastActivity = now
      verification = current
      actions.append(
        .send(
          lastTransfer,
          .list(resourceVersion: "", continuation: meta.continuation, limit: settings.pageLimit), fresh: false
        ))
      return
    }
    let gone = known.sweep()
    if !gone.isEmpty { actions.append(.delete(gone)) }
    let differences = current.differences + gone.count
    verification = nil
    if differences > 0 {
      errors += 1
      actions.append(.warn("the watch had missed \(differences) changes; repaired"))
      setHealth(.watch, .degraded, .drift, connected: true)
      actions.append(.report(health))
      setHealth(.watch, .healthy, connected: true, delivering: true)
      actions.append(.report(health))
    }
    scheduleVerification()
  }

  /// The state is no longer to be had (410), or not yet: the truth of now does as well.
  mutating func verificationFailed(_ failure: ScopeFailure) {
    if let verification { actions.append(.cancel(verification.transfer)) }
    verification = nil
    guard failure.kind == .http(410) else {
      actions.append(.debug("verify: \(failure.message)"))
      scheduleVerification()
      return
    }
    cancel()
    resyncs += 1
    list(.resync)
  }
}
