// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events

/// `--absent`: reports when a key falls silent, and when it has a line again.
///
/// A key is watched from its first line until it is deleted.
struct AbsenceWatch: ~Copyable {
  struct Presence {
    var text: [UInt8]
    var lastSeen: Timestamp
    var deadline: Instant
    var isSilent = false
  }

  private let limit: Interval
  /// In the order of their last lines, and so of their deadlines.
  private var table: KeyTable<Presence>
  /// The oldest key that is not silent.
  private var next: Int?

  /// - Parameters:
  ///   - silence: how long a key may be silent.
  ///   - limit: the maximum number of keys. The key that has been silent longest is removed first.
  init(silence: Duration, limit: Int) {
    self.limit = Interval(silence)
    table = KeyTable(limit: limit)
  }

  /// The number of keys that are no longer watched, because there were too many.
  var evictions: Int { table.evictions }
  /// The next time at which a key falls silent.
  var deadline: Instant? { next.flatMap { table[$0]?.deadline } }

  /// Whether a key is watched. Its text is not needed then.
  func knows(_ key: KeyHash) -> Bool { table.slot(of: key) != nil }

  /// Takes a line of `key`, whose text is used if it is new.
  ///
  /// - Returns: The status to report if the key had been silent.
  mutating func line(of key: KeyHash, text: [UInt8], isDeletion: Bool, now: Moment) -> StreamStatus? {
    guard let slot = table.slot(of: key) else {
      if !isDeletion { begin(key, text, now) }
      return nil
    }
    // Changed in place: a copy would count references to the text for each line.
    let deadline = now.instant + limit
    let silent = table.update(slot) { presence -> [UInt8]? in
      defer {
        presence?.lastSeen = now.wall
        presence?.deadline = deadline
        presence?.isSilent = false
      }
      return presence?.isSilent == true ? presence?.text : nil
    }
    if next == slot { next = table.newer(than: slot) }
    if isDeletion {
      table.remove(slot)
    } else {
      table.touch(slot)
      next = next ?? slot
    }
    return silent.map { status(of: $0, isSilent: false, lastSeen: now.wall, now) }
  }

  private mutating func begin(_ key: KeyHash, _ text: [UInt8], _ now: Moment) {
    if table.count == table.limit, let oldest = table.oldest, next == oldest {
      next = table.newer(than: oldest)
    }
    let presence = Presence(text: text, lastSeen: now.wall, deadline: now.instant + limit)
    let slot = table.insert(key, presence)
    next = next ?? slot
  }

  /// The status of the next key that has fallen silent; call this until it is nil.
  mutating func tick(now: Moment) -> StreamStatus? {
    guard let slot = next, let deadline, deadline <= now.instant, var presence = table[slot] else {
      return nil
    }
    presence.isSilent = true
    table[slot] = presence
    next = table.newer(than: slot)
    return status(of: presence.text, isSilent: true, lastSeen: presence.lastSeen, now)
  }

  private func status(of key: [UInt8], isSilent: Bool, lastSeen: Timestamp, _ now: Moment) -> StreamStatus {
    var status = StreamStatus(
      tool: "wfilter", scope: [("key", String(decoding: key, as: UTF8.self))], mode: .streaming,
      health: isSilent ? .unhealthy : .healthy, reason: isSilent ? .awaiting : .none, since: now.wall)
    status.isConnected = true
    status.isDelivering = !isSilent
    status.lastEvent = lastSeen
    return status
  }
}
