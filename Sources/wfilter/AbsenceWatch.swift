// SPDX-License-Identifier: Apache-2.0

/// `--absent`: tells when a key has been silent for too long, and when it is back.
///
/// Keys that are silent stay remembered, so that their return is told; beyond the limit the one that has been silent for
/// longest is forgotten.
struct AbsenceWatch {
  /// What there is to tell about a key.
  struct Change: Equatable {
    var key: [UInt8]
    var isSilent: Bool
  }

  private struct Entry {
    var key: [UInt8]
    var last: ContinuousClock.Instant
  }

  /// Ordered by the time of the last line.
  private var heard: KeyTable<Entry>
  private var silent: KeyTable<Void>
  private let patience: Duration
  /// Whether a key had to be forgotten.
  private(set) var hasForgotten = false

  /// Watches up to `limit` keys.
  init(patience: Duration, limit: Int) {
    self.patience = patience
    heard = KeyTable(limit: limit)
    silent = KeyTable(limit: limit)
  }

  /// When ``due(at:)`` has something to say, if nothing comes before.
  var deadline: ContinuousClock.Instant? { heard.first.map { heard[$0].last + patience } }

  /// A line of a key has come. Returns that the key is back, if it was silent.
  mutating func hear(_ hash: KeyHash, _ key: [UInt8], at now: ContinuousClock.Instant) -> Change? {
    if let place = heard.place(of: hash) {
      heard[place].last = now
      heard.moveToEnd(place)
      return nil
    }
    if heard.append(hash, Entry(key: key, last: now)) != nil { hasForgotten = true }
    guard let place = silent.place(of: hash) else { return nil }
    silent.remove(place)
    return Change(key: key, isSilent: false)
  }

  /// The keys that have fallen silent.
  mutating func due(at now: ContinuousClock.Instant) -> [Change] {
    var changes: [Change] = []
    while let first = heard.first, heard[first].last + patience <= now {
      let hash = heard.key(at: first)
      let entry = heard.remove(first)
      if silent.append(hash, ()) != nil { hasForgotten = true }
      changes.append(Change(key: entry.key, isSilent: true))
    }
    return changes
  }
}
