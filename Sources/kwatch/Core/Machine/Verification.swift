// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// `--verify`: what was printed is compared with a list at the very resourceVersion of the last event. What differs is
/// drift, unless the watch has touched it meanwhile.
struct Verification {
  private struct Comparison {
    var transfer: TransferID
    var lastActivity: Duration
    /// Objects that the watch deleted while the list was under way.
    var deleted: Set<[UInt8]> = []
    var differences = 0
  }

  private enum Phase {
    case waiting(until: Duration)
    case comparing(Comparison)
  }

  private var phase: Phase

  init(dueAt: Duration) { phase = .waiting(until: dueAt) }

  /// The list that is being compared.
  var transfer: TransferID? {
    if case .comparing(let comparison) = phase { comparison.transfer } else { nil }
  }

  /// The time at which the next comparison begins, or the current one is cancelled because the server is
  /// silent.
  func deadline(patience: Duration) -> Duration {
    switch phase {
    case .waiting(let until): until
    case .comparing(let comparison): comparison.lastActivity + patience
    }
  }

  /// A page of the list has been requested.
  mutating func asked(_ id: TransferID, at now: Duration) {
    guard case .comparing(var comparison) = phase else {
      phase = .comparing(Comparison(transfer: id, lastActivity: now))
      return
    }
    (comparison.transfer, comparison.lastActivity) = (id, now)
    phase = .comparing(comparison)
  }

  mutating func activity(at now: Duration) {
    guard case .comparing(var comparison) = phase else { return }
    comparison.lastActivity = now
    phase = .comparing(comparison)
  }

  /// The watch has deleted an object.
  mutating func deleted(_ text: Span<UInt8>, _ header: ObjectHeader) {
    guard case .comparing(var comparison) = phase else { return }
    comparison.deleted.insert(KnownObjects.key(text, header))
    phase = .comparing(comparison)
  }

  /// How to print an object of the list. An object that the watch has printed is dropped.
  mutating func item(
    _ text: Span<UInt8>, _ header: ObjectHeader, _ known: inout KnownObjects, at now: Duration
  ) -> Disposition {
    guard case .comparing(var comparison) = phase else { return .drop }
    let isAsPrinted =
      known.see(text, header).map { $0.isSame || $0.touched }
      ?? comparison.deleted.contains(KnownObjects.key(text, header))
    comparison.lastActivity = now
    if !isAsPrinted { comparison.differences += 1 }
    phase = .comparing(comparison)
    return isAsPrinted ? .drop : Disposition(known.upsert(text, header), changed: .modified)
  }

  /// The list is complete.
  ///
  /// - Returns: the deleted objects, and the number of all differences.
  func finished(_ known: inout KnownObjects) -> (gone: [Identity], differences: Int) {
    guard case .comparing(let comparison) = phase else { return ([], 0) }
    let gone = known.sweep()
    return (gone, comparison.differences + gone.count)
  }
}
