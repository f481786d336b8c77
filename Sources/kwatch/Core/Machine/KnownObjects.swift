// SPDX-License-Identifier: Apache-2.0

/// An object by what kwatch remembers of it.
struct Identity: Equatable, Hashable, Sendable {
  /// Raw bytes of JSON strings' content, as the server sent them.
  var uid: [UInt8]
  var resourceVersion: [UInt8]
  var namespace: [UInt8]
  var name: [UInt8]
}

/// What the consumer was told: namespace and name → uid and resourceVersion, in about 80 bytes an object.
///
/// By name, as the API server keeps them: of one namespace and name there is one object at a time, and what comes
/// under that name with another uid is another object, whose predecessor is gone. Objects without resourceVersion
/// are compared by a hash of their bytes. Open addressing over `ObjectRecords`.
struct KnownObjects: Sendable {
  enum Outcome: Equatable {
    case new, changed, same
    /// Another object had the name until now.
    case replaced(Identity)
  }

  private static let empty = UInt32.max

  private var records = ObjectRecords()
  private var slots: [UInt32] = []
  private(set) var count = 0
  /// Rounds mark what a list has shown; 0 is "never".
  private var round: UInt8 = 0

  /// Bytes this table occupies.
  var byteCount: Int { records.byteCount + slots.capacity * 4 }

  /// Notes an object as told.
  ///
  /// `touching`: by the watch, while a comparing list is under way.
  mutating func upsert(_ text: Span<UInt8>, _ header: ObjectHeader, touching: Bool = false) -> Outcome {
    let (namespace, name) = (text.extracting(header.namespace), text.extracting(header.name))
    let uid = text.extracting(header.uid)
    let version = Self.version(text, header)
    grow()
    let slot = find(namespace, name)
    defer { records.mark(slots[slot], round, touching: touching) }
    guard slots[slot] != Self.empty else {
      slots[slot] = records.append(namespace, name, uid, version.span)
      count += 1
      return .new
    }
    let record = slots[slot]
    var outcome = Outcome.changed
    if records.mayHave(record, uid: uid) {
      if records.has(record, version: version.span) { return .same }
      if records.set(version.span, of: record) { return .changed }
    } else {
      outcome = .replaced(records.identity(of: record))
    }
    slots[slot] = records.append(namespace, name, uid, version.span)
    records.discard(record)
    compact()
    return outcome
  }

  /// What is known of an object, without noting anything but that a list has shown it.
  ///
  /// - Returns: nil for an unknown object; `touched` if the watch has told it since the round began.
  mutating func see(_ text: Span<UInt8>, _ header: ObjectHeader) -> (isSame: Bool, touched: Bool)? {
    guard let slot = slot(of: text, header) else { return nil }
    let record = slots[slot]
    let touched = records.isTouched(record, in: round)
    records.mark(record, round)
    return (
      records.mayHave(record, uid: text.extracting(header.uid))
        && records.has(record, version: Self.version(text, header).span), touched
    )
  }

  /// Forgets what has an object's name; false if nothing was known of that name.
  @discardableResult
  mutating func remove(_ text: Span<UInt8>, _ header: ObjectHeader) -> Bool {
    guard let slot = slot(of: text, header) else { return false }
    remove(slot)
    compact()
    return true
  }

  /// Begins a round: what no list shows until `sweep` is gone.
  mutating func beginRound() {
    round &+= 1
    guard round == 0 else { return }
    // 255 rounds are over: marks of old must not look new.
    round = 1
    for record in slots where record != Self.empty { records.unmark(record) }
  }

  /// Forgets and returns what this round has not shown.
  mutating func sweep() -> [Identity] {
    var gone: [Identity] = []
    for record in slots where record != Self.empty {
      if !records.isSeen(record, in: round) { gone.append(records.identity(of: record)) }
    }
    for identity in gone { remove(find(identity.namespace.span, identity.name.span)) }
    compact()
    return gone
  }

  /// All that is known, in no order.
  func forEach(_ body: (Identity) -> Void) {
    for record in slots where record != Self.empty { body(records.identity(of: record)) }
  }

  /// Makes all of them differ from whatever comes next: they are about to be told in another form.
  mutating func forgetVersions() {
    for record in slots where record != Self.empty { _ = records.set([UInt8]().span, of: record) }
  }

  /// Puts back what a state file has kept.
  mutating func restore(_ identity: Identity) {
    grow()
    let slot = find(identity.namespace.span, identity.name.span)
    guard slots[slot] == Self.empty else { return }
    slots[slot] = records.append(
      identity.namespace.span, identity.name.span, identity.uid.span, identity.resourceVersion.span)
    count += 1
  }

  private static func version(_ text: Span<UInt8>, _ header: ObjectHeader) -> [UInt8] {
    guard header.resourceVersion.isEmpty else { return text.bytes(header.resourceVersion) }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in 0..<text.count { hash = (hash ^ UInt64(text[index])) &* 0x100_0000_01b3 }
    return [UInt8(ascii: "#")] + Array(String(hash, radix: 36).utf8)
  }

  // MARK: - Table

  /// The slot of a name, or the empty one where it belongs.
  private func find(_ namespace: Span<UInt8>, _ name: Span<UInt8>) -> Int {
    let mask = slots.count - 1
    var slot = ObjectRecords.hash(namespace, name) & mask
    while slots[slot] != Self.empty, !records.isNamed(slots[slot], namespace, name) {
      slot = (slot + 1) & mask
    }
    return slot
  }

  private func slot(of text: Span<UInt8>, _ header: ObjectHeader) -> Int? {
    guard !slots.isEmpty else { return nil }
    let slot = find(text.extracting(header.namespace), text.extracting(header.name))
    return slots[slot] == Self.empty ? nil : slot
  }

  private mutating func remove(_ slot: Int) {
    records.discard(slots[slot])
    slots[slot] = Self.empty
    count -= 1
    // Backward shift: what was pushed past this slot moves up, so that no tombstones are needed.
    let mask = slots.count - 1
    var hole = slot
    var next = (slot + 1) & mask
    while slots[next] != Self.empty {
      let home = records.hash(of: slots[next])
      if (next - home) & mask >= (next - hole) & mask {
        slots[hole] = slots[next]
        slots[next] = Self.empty
        hole = next
      }
      next = (next + 1) & mask
    }
  }

  /// Makes room for one more.
  private mutating func grow() {
    guard (count + 1) * 4 > slots.count * 3 else { return }
    let old = slots
    slots = Array(repeating: Self.empty, count: max(16, old.count * 2))
    let mask = slots.count - 1
    for record in old where record != Self.empty {
      var slot = records.hash(of: record) & mask
      while slots[slot] != Self.empty { slot = (slot + 1) & mask }
      slots[slot] = record
    }
  }

  private mutating func compact() {
    guard records.isMostlyGarbage else { return }
    var fresh = ObjectRecords(sizedAs: records)
    for index in slots.indices where slots[index] != Self.empty {
      slots[index] = fresh.append(copying: slots[index], of: records)
    }
    records = fresh
  }
}
