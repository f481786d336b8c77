// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The latest object of each key at one point of a stream.
struct Snapshot: Sendable {
  /// `ADDED` lines, the least recently changed first.
  var lines: [[UInt8]]
  /// The position of the first event that is not in it.
  var position: Int
  /// The id of the last event that is in it.
  var id: EventID
}

/// Keeps the newest line of each object: filled by the thread that reads the source, asked by any.
///
/// The key is the object's uid, else its namespace and name. `DELETED` removes; control and METRICS lines, and lines that are no
/// watch events, are not kept. Memory is bounded by `keyLimit`: what is beyond is left out and counted.
final class SnapshotStore: Sendable {
  private struct Entry: Sendable {
    var line: [UInt8]
    var order: Int
  }

  private struct State: Sendable {
    var entries: [[UInt8]: Entry] = [:]
    var position = 0
    var id: EventID
    var refused = 0
  }

  private let keyLimit: Int
  private let state: Mutex<State>

  init(epoch: UInt64, keyLimit: Int) {
    self.keyLimit = keyLimit
    self.state = Mutex(State(id: EventID(epoch: epoch, sequence: 0)))
  }

  var count: Int { state.withLock { $0.entries.count } }

  /// Lines that found no room.
  var refused: Int { state.withLock { $0.refused } }

  func apply(_ batch: Batch) {
    state.withLock { state in
      for index in 0..<batch.count { apply(batch, index, &state) }
      state.position = batch.endPosition
      if let last = batch.ids.last { state.id = last }
    }
  }

  func current() -> Snapshot {
    let state = state.withLock { $0 }
    let lines = state.entries.values.sorted { $0.order < $1.order }.map(\.line)
    return Snapshot(lines: lines, position: state.position, id: state.id)
  }

  /// The latest line of one key: a uid, `namespace/name`, or a name without namespace.
  func line(of key: String) -> [UInt8]? {
    let wanted = Array(key.utf8)
    let entries = state.withLock { $0.entries }
    if let entry = entries[wanted] { return entry.line }
    return entries.values.first { entry in
      SnapshotKey(entry.line, 0..<entry.line.count)?.name(of: entry.line) == wanted
    }?.line
  }

  private func apply(_ batch: Batch, _ index: Int, _ state: inout State) {
    let kind = batch.kinds[index]
    guard kind == .added || kind == .modified || kind == .deleted else { return }
    let line = batch.line(index)
    guard let key = SnapshotKey(batch.bytes, line) else { return }
    let name = key.bytes(of: batch.bytes)
    if kind == .deleted {
      state.entries[name] = nil
      return
    }
    guard state.entries.count < keyLimit || state.entries[name] != nil else {
      state.refused += 1
      return
    }
    state.entries[name] = Entry(line: key.added(batch.bytes, line), order: batch.firstPosition + index)
  }
}
