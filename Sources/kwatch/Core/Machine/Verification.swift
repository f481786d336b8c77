// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// `--verify`: at an interval, what was printed is compared with a list of exactly the resourceVersion of the last event.
/// A difference is drift, unless the watch has changed the object meanwhile.
struct Verification {
  private struct Comparison {
    var transfer: TransferID
    var lastActivity: Duration
    var differences: Int
  }

  private enum Phase {
    /// Verification is off, or no watch is proven.
    case off
    case waiting(until: Duration)
    case comparing(Comparison)
  }

  private var phase = Phase.off
  /// Objects that the watch has deleted since the comparison began. They are not in the phase, because Swift
  /// 6.3's optimizer fails on a case with a reference count.
  private var deletedMeanwhile: Set<ObjectName> = []
  private let interval: Duration?
  private let pageLimit: Int
  private let patience: Duration

  init(_ settings: ScopeSettings) {
    interval = settings.verifyInterval
    pageLimit = settings.pageLimit
    patience = settings.answerTimeout
  }

  /// The list that is being compared.
  var transfer: TransferID? {
    if case .comparing(let comparison) = phase { comparison.transfer } else { nil }
  }

  /// The time at which the next comparison begins, or the current one is cancelled because the server is
  /// silent.
  var deadline: Duration? {
    switch phase {
    case .off: nil
    case .waiting(let until): until
    case .comparing(let comparison): comparison.lastActivity + patience
    }
  }

  /// The watch delivers: the next comparison is due after the interval.
  mutating func schedule(at now: Duration) {
    guard let interval, case .off = phase else { return }
    phase = .waiting(until: now + interval)
  }

  mutating func stop(_ actions: inout Outbox) {
    actions.cancel(transfer)
    phase = .off
  }

  /// Requests a list of the picture's version.
  mutating func begin(_ picture: inout Picture, _ actions: inout Outbox, at now: Duration) {
    picture.known.beginRound()
    deletedMeanwhile = []
    let request = ScopeRequest.list(
      .exactly(picture.resourceVersion), continuation: "", limit: pageLimit)
    send(request, differences: 0, &actions, at: now)
  }

  private mutating func send(
    _ request: ScopeRequest, differences: Int, _ actions: inout Outbox, at now: Duration
  ) {
    let transfer = actions.send(request, fresh: false, at: now)
    phase = .comparing(Comparison(transfer: transfer.id, lastActivity: now, differences: differences))
  }

  /// Bytes of the list have arrived. Without `id`, because a slow reader explains the silence of any list.
  mutating func activity(of id: TransferID? = nil, at now: Duration) {
    guard case .comparing(var comparison) = phase, id == nil || id == comparison.transfer else { return }
    comparison.lastActivity = now
    phase = .comparing(comparison)
  }

  /// The watch has deleted an object.
  mutating func deleted(_ text: Span<UInt8>, _ header: ObjectHeader) {
    if transfer != nil { deletedMeanwhile.insert(ObjectName(text, header)) }
  }

  /// How to print an object of the list. An object that the watch has printed is dropped.
  mutating func item(
    _ text: Span<UInt8>, _ header: ObjectHeader, _ known: inout KnownObjects, at now: Duration
  ) -> Disposition {
    guard case .comparing(var comparison) = phase else { return .drop }
    let isAsPrinted =
      known.see(text, header).map { $0.isSame || $0.touched }
      ?? deletedMeanwhile.contains(ObjectName(text, header))
    comparison.lastActivity = now
    if !isAsPrinted { comparison.differences += 1 }
    phase = .comparing(comparison)
    return isAsPrinted ? .drop : Disposition(known.upsert(text, header), changed: .modified)
  }

  /// Ends a page. After the last one the next comparison is due after the interval.
  ///
  /// - Returns: the number of differences; nil if more pages follow.
  mutating func page(
    _ meta: ListMeta, _ picture: inout Picture, _ actions: inout Outbox, at now: Duration
  ) -> Int? {
    guard case .comparing(let comparison) = phase else { return nil }
    guard meta.continuation.isEmpty else {
      let request = ScopeRequest.list(.mostRecent, continuation: meta.continuation, limit: pageLimit)
      send(request, differences: comparison.differences, &actions, at: now)
      return nil
    }
    let gone = picture.known.sweep()
    actions.delete(gone)
    phase = .off
    schedule(at: now)
    return comparison.differences + gone.count
  }
}
