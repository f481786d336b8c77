// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The latest object of each key at one point of a stream.
struct Snapshot: Sendable {
  /// `ADDED` lines, the least recently changed first.
  var lines: [ArraySlice<UInt8>]
  /// The position of the first event that is not in it.
  var position: Int
  /// The id of the last event that is in it.
  var id: EventID
}

/// Keeps the newest line of each key: filled by the thread that reads the source, asked by any.
///
/// From the first line on where late listeners are given the objects; elsewhere from when a listener needs to know what an object was
/// before a change.
///
/// `DELETED` removes; control and METRICS lines, and lines without a key, are not kept. Memory is bounded by `keyLimit`: what is
/// beyond is left out and counted.
final class SnapshotStore: Sendable {
  private struct Entry: Sendable {
    /// With ``Batch/padding`` behind it, since filters are asked about it.
    var line: [UInt8]
    var order: Int
    /// `namespace/name`, where the key is another.
    var name: [UInt8]?
  }

  private struct State: Sendable {
    var entries: [[UInt8]: Entry] = [:]
    /// The keys of objects by `namespace/name`, where the key is another.
    var keys: [[UInt8]: [UInt8]] = [:]
    var position = 0
    var id: EventID
    var refused = 0
    var isKeeping: Bool
  }

  /// Whether it is a picture of the whole stream.
  let isFromStart: Bool
  private let keyLimit: Int
  /// Nil takes an object's uid, else its namespace and name.
  private let expression: KeyExpression?
  private let state: Mutex<State>

  init(epoch: UInt64, keyLimit: Int, expression: KeyExpression? = nil, isFromStart: Bool) {
    self.keyLimit = keyLimit
    self.expression = expression
    self.isFromStart = isFromStart
    self.state = Mutex(State(id: EventID(epoch: epoch, sequence: 0), isKeeping: isFromStart))
  }

  /// Keeps lines from now on, if it did not already.
  func begin() { state.withLock { $0.isKeeping = true } }

  /// The position of the first event that is not in it.
  var position: Int { state.withLock { $0.position } }

  var count: Int { state.withLock { $0.entries.count } }

  /// Lines that found no room.
  var refused: Int { state.withLock { $0.refused } }

  /// Takes the events of a batch in.
  ///
  /// - Returns: for each event, what its object was before it; nothing while nothing is kept.
  @discardableResult
  func apply(_ batch: Batch) -> [PreviousObject] {
    state.withLock { state in
      guard state.isKeeping else { return [] }
      let previous = (0..<batch.count).map { apply(batch, $0, &state) }
      state.position = batch.endPosition
      if let last = batch.ids.last { state.id = last }
      return previous
    }
  }

  func current() -> Snapshot {
    let state = state.withLock { $0 }
    let lines = state.entries.values.sorted { $0.order < $1.order }.map { $0.line.dropLast(Batch.padding) }
    return Snapshot(lines: lines, position: state.position, id: state.id)
  }

  /// The latest line of one key, or of the object with this `namespace/name`, or name where it has no namespace.
  func current(_ key: String) -> Snapshot {
    let key = Array(key.utf8)
    return state.withLock { state in
      let entry = state.entries[key] ?? state.keys[key].flatMap { state.entries[$0] }
      return Snapshot(
        lines: entry.map { [$0.line.dropLast(Batch.padding)] } ?? [], position: state.position, id: state.id)
    }
  }

  private func apply(_ batch: Batch, _ index: Int, _ state: inout State) -> PreviousObject {
    let kind = batch.kinds[index]
    guard !kind.isControl, kind != .metrics else { return .unknown }
    let line = batch.line(index)
    let object = kind == .other ? nil : SnapshotKey(batch.bytes, line)
    let name = object?.name(of: batch.bytes) ?? []
    var key = expression.map { $0.key(batch, index) } ?? object?.bytes(of: batch.bytes) ?? []
    // What is deleted may come without the members that the expression wants.
    if key.isEmpty, kind == .deleted { key = state.keys[name] ?? [] }
    guard !key.isEmpty else { return .unknown }
    let old = state.entries[key]
    // What is not here was not there, if all that ever was is here.
    let previous: PreviousObject =
      old.map { .line($0.line) } ?? (isFromStart && state.refused == 0 ? .absent : .unknown)
    // By now the name may be another object's, which came before the end of this one was told.
    if let name = old?.name, state.keys[name] == key { state.keys[name] = nil }
    if kind == .deleted {
      state.entries[key] = nil
      return previous
    }
    guard state.entries.count < keyLimit || old != nil else {
      state.refused += 1
      return previous
    }
    let hasOtherName = !name.isEmpty && name != key
    if hasOtherName { state.keys[name] = key }
    let kept = kind == .other ? Array(batch.bytes[line]) : SnapshotKey.added(batch.bytes, line)
    state.entries[key] = Entry(
      line: kept + Batch.zeros, order: batch.firstPosition + index, name: hasOtherName ? name : nil)
    return previous
  }
}
