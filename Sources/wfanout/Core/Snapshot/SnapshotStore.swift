// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Keeps the newest line of each key: written by the thread that reads the source, read by any.
///
/// Keeps lines from the start if new listeners get a snapshot; otherwise from the first listener that needs
/// the previous state of objects.
///
/// `DELETED` removes; control and METRICS lines, and lines without a key, are not kept. Memory is bounded by
/// `keyLimit`: objects beyond it are left out and counted.
final class SnapshotStore: Sendable {
  fileprivate struct Entry: Sendable {
    /// Its line's index in `lines`.
    var index: Int
    /// `namespace/name`, if the key is another.
    var name: [UInt8]?
  }

  fileprivate struct State: Sendable {
    var entries: [[UInt8]: Entry] = [:]
    /// In the order of the last change, with nil for lines that are no longer the newest of their key. A
    /// snapshot shares them.
    var lines = SnapshotLines()
    /// The keys of objects by `namespace/name`, for objects with another key.
    var keys: [[UInt8]: [UInt8]] = [:]
    var position = 0
    var version: SnapshotVersion
    var refused = 0
    var isKeeping: Bool
    /// The newest snapshot, while a client reads it.
    weak var recent: Snapshot?
  }

  /// Whether it has the whole stream.
  let isFromStart: Bool
  /// The resources of the objects.
  let resources = ResourceNames()
  private let keyLimit: Int
  /// Nil uses an object's uid, else its namespace and name.
  private let expression: KeyExpression?
  private let state: Mutex<State>
  private let newest = Atomic<Int>(0)

  /// How long new clients share a snapshot before another one is made.
  private static let sharedFor = Duration.seconds(1)

  init(epoch: UInt64, keyLimit: Int, expression: KeyExpression? = nil, isFromStart: Bool) {
    self.keyLimit = keyLimit
    self.expression = expression
    self.isFromStart = isFromStart
    self.state = Mutex(
      State(version: SnapshotVersion(id: EventID(epoch: epoch, sequence: 0)), isKeeping: isFromStart))
  }

  /// Keeps lines from now on, if it did not already.
  func begin() { state.withLock { $0.isKeeping = true } }

  /// The position of the first event that is not included.
  var position: Int { newest.load(ordering: .acquiring) }

  var version: SnapshotVersion { state.withLock { $0.version } }

  var count: Int { state.withLock { $0.entries.count } }

  /// The number of objects left out because of `keyLimit`.
  var refused: Int { state.withLock { $0.refused } }

  /// Applies the events of a batch.
  ///
  /// - Returns: The previous state of each event's object; empty while nothing is kept.
  @discardableResult
  func apply(_ batch: Batch) -> [PreviousObject] {
    state.withLock { state in
      guard state.isKeeping else { return [] }
      let previous = (0..<batch.count).map { apply(batch, $0, &state) }
      state.compact()
      state.position = batch.endPosition
      newest.store(batch.endPosition, ordering: .releasing)
      state.version.note(batch)
      return previous
    }
  }

  /// All objects, as of `oldest` or later.
  func current(notBefore oldest: Int = 0) -> Snapshot {
    state.withLock { state in
      if let recent = state.recent, recent.position >= oldest,
        recent.position == state.position || ContinuousClock.now - recent.made < SnapshotStore.sharedFor
      {
        return recent
      }
      state.recent?.pages.close()
      let snapshot = Snapshot(
        lines: state.lines, count: state.entries.count, position: state.position, version: state.version)
      state.recent = snapshot
      return snapshot
    }
  }

  /// The latest line of one key, or of the object with this `namespace/name`, or name where it has no
  /// namespace.
  func current(_ key: String) -> Snapshot {
    let key = Array(key.utf8)
    return state.withLock { state in
      let entry = state.entries[key] ?? state.keys[key].flatMap { state.entries[$0] }
      let lines = SnapshotLines(entry.map { [state.lines[$0.index]] } ?? [])
      return Snapshot(lines: lines, count: lines.count, position: state.position, version: state.version)
    }
  }

  private func apply(_ batch: Batch, _ index: Int, _ state: inout State) -> PreviousObject {
    let kind = batch.kinds[index]
    guard !kind.isControl, kind != .metrics else { return .unknown }
    let object = SnapshotKey(batch, index)
    let name = object?.name ?? []
    var key = expression.map { $0.key(batch, index) } ?? object?.bytes ?? []
    // A deleted object may lack the members that the expression needs.
    if key.isEmpty, kind == .deleted { key = state.keys[name] ?? [] }
    guard !key.isEmpty else { return .unknown }
    let old = state.entries[key]
    // The store has every object since the start, so a missing key means that the object did not exist.
    let previous: PreviousObject =
      old.flatMap { state.lines[$0.index] }.map { .line($0) }
      ?? (isFromStart && state.refused == 0 ? .absent : .unknown)
    // The name may already belong to another object that was added before this one's deletion was reported.
    if let name = old?.name, state.keys[name] == key { state.keys[name] = nil }
    if kind != .deleted, old == nil, state.entries.count >= keyLimit {
      state.refused += 1
      return previous
    }
    if let old { state.lines[old.index] = nil }
    if kind == .deleted {
      state.entries[key] = nil
      return previous
    }
    if old == nil { resources.note(batch, index) }
    let hasOtherName = !name.isEmpty && name != key
    if hasOtherName { state.keys[name] = key }
    let kept = kind == .other ? Array(batch.bytes[batch.line(index)]) : SnapshotKey.added(batch, index)
    state.entries[key] = Entry(index: state.lines.count, name: hasOtherName ? name : nil)
    state.lines.append(kept + Batch.zeros)
    return previous
  }
}

extension SnapshotStore.State {
  /// Removes the gaps when there are more of them than lines.
  fileprivate mutating func compact() {
    guard lines.count > 2 * entries.count + 1024 else { return }
    var places = [Int](repeating: 0, count: lines.count)
    var kept = SnapshotLines()
    for (index, line) in lines.enumerated() {
      guard let line else { continue }
      places[index] = kept.count
      kept.append(line)
    }
    lines = kept
    for key in entries.keys {
      guard let index = entries[key]?.index else { continue }
      entries[key]?.index = places[index]
    }
  }
}
