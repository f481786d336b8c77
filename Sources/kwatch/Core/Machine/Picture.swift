// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// The consumer's picture of a scope: the objects as they were printed, and the resourceVersion from which a watch
/// continues.
///
/// resourceVersions are opaque: they are sent back to the server, and compared only for equality. So the
/// server decides whether its state is older than the picture. A list that repairs a gap asks for a state
/// that is not older.
struct Picture {
  var known = KnownObjects()
  private(set) var resourceVersion = ""
  /// The first list has been printed whole.
  private(set) var isSynced = false
  /// When the last list was complete.
  private(set) var listedAt = Duration.zero
  /// Whether the next list may be older than the picture, because the server has no newer state.
  private var mayGoBack = false
  private let skipsInitial: Bool

  init(skipsInitial: Bool) { self.skipsInitial = skipsInitial }

  /// Continues from a state file.
  mutating func restore(_ resourceVersion: String, _ objects: [Identity]) {
    self.resourceVersion = resourceVersion
    for identity in objects { known.restore(identity) }
  }

  /// The state to request for a list.
  ///
  /// Only a list that repairs a gap names a version. The API server answers it from its cache, which may be
  /// older than etcd. A list that replaces a watch must show the current state, so it names no version.
  func version(for purpose: ScopeState.Purpose) -> ListVersion {
    purpose == .resync && !resourceVersion.isEmpty && !mayGoBack
      ? .notOlderThan(resourceVersion) : .mostRecent
  }

  /// The server does not reach the picture's version (its etcd was restored from a backup), or refuses
  /// requests for it. The next list may have any state.
  mutating func allowOlderList() { mayGoBack = true }

  /// An object of a list, which is printed only if it is new or changed.
  mutating func listed(
    _ text: Span<UInt8>, _ header: ObjectHeader, _ purpose: ScopeState.Purpose
  ) -> Disposition {
    let outcome = known.upsert(text, header)
    return skips(purpose) ? .drop : Disposition(outcome, changed: .modified)
  }

  /// An event of a streaming list, before its end marker.
  mutating func streamed(
    _ type: EventType, _ text: Span<UInt8>, _ header: ObjectHeader, _ purpose: ScopeState.Purpose
  ) -> Disposition {
    guard type == .deleted else { return listed(text, header, purpose) }
    return known.remove(text, header) && !skips(purpose) ? .emit(.deleted) : .drop
  }

  /// An event of a watch. `touching`: while a verification compares its list.
  mutating func watched(
    _ type: EventType, _ text: Span<UInt8>, _ header: ObjectHeader, touching: Bool
  ) -> Disposition {
    if !header.resourceVersion.isEmpty { resourceVersion = text.text(header.resourceVersion) }
    // A deletion that a list has shown was printed then.
    guard type != .deleted else { return known.remove(text, header) ? .emit(.deleted) : .drop }
    let outcome = known.upsert(text, header, touching: touching)
    return outcome == .new ? .emit(type) : Disposition(outcome, changed: type)
  }

  mutating func bookmark(_ version: String) {
    if !version.isEmpty { resourceVersion = version }
  }

  /// A list is complete.
  ///
  /// - Returns: the objects that were printed before and are not in the list; their deletion must be printed.
  mutating func complete(
    _ purpose: ScopeState.Purpose, _ version: String, at now: Duration
  ) -> [Identity] {
    let gone = known.sweep()
    (resourceVersion, isSynced, listedAt, mayGoBack) = (version, true, now, false)
    // A skipped object was never printed.
    return skips(purpose) ? [] : gone
  }

  /// Continues without a first list, from the state file's version.
  mutating func resume() { isSynced = true }

  /// The resource does not exist any more.
  ///
  /// - Returns: all objects, whose deletion is to be printed.
  mutating func clear() -> [Identity] {
    known.beginRound()
    return known.sweep()
  }

  private func skips(_ purpose: ScopeState.Purpose) -> Bool { purpose == .initial && skipsInitial }
}
