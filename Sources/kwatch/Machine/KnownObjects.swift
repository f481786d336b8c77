// SPDX-License-Identifier: Apache-2.0

/// An object by what kwatch remembers of it.
struct Identity: Equatable, Hashable, Sendable {
  /// Raw bytes of JSON strings' content, as the server sent them.
  var uid: [UInt8]
  var resourceVersion: [UInt8]
  var namespace: [UInt8]
  var name: [UInt8]
}

/// What the consumer was told: uid → resourceVersion, namespace, name, in about 70 bytes an object.
///
/// Open addressing over one arena of records, so that 100,000 objects cost no 100,000 allocations. Objects without
/// uid (served by something that is no kube-apiserver) are keyed by namespace and name; objects without
/// resourceVersion by a hash of their bytes in its place.
struct KnownObjects: Sendable {
  enum Outcome: Equatable { case new, changed, same }

  // A record: length of key, length of resourceVersion, room for it, length of name, seen round, touched round,
  // namespace number (2 bytes), key, resourceVersion with room, name.
  private static let headerSize = 8
  private static let empty = UInt32.max

  private var arena: [UInt8] = []
  private var slots: [UInt32] = []
  private var garbage = 0
  private(set) var count = 0
  private var namespaces: [[UInt8]] = []
  private var namespaceNumbers: [[UInt8]: UInt16] = [:]
  /// Rounds mark what a list has shown; 0 is "never".
  private var round: UInt8 = 0

  /// Bytes this table occupies.
  var byteCount: Int { arena.capacity + slots.capacity * 4 }

  /// Notes an object as told.
  ///
  /// `touching`: by the watch, while a comparing list is under way.
  mutating func upsert(_ text: Span<UInt8>, _ header: ObjectHeader, touching: Bool = false) -> Outcome {
    let key = Self.key(text, header)
    let version = Self.version(text, header)
    if (count + 1) * 4 > slots.count * 3 { grow() }
    let slot = find(key)
    guard slots[slot] != Self.empty else {
      insert(key, version, text.bytes(header.namespace), text.bytes(header.name), at: slot)
      mark(Int(slots[slot]), touching: touching)
      return .new
    }
    let record = Int(slots[slot])
    let start = record + Self.headerSize + Int(arena[record])
    let length = Int(arena[record + 1])
    mark(record, touching: touching)
    if length == version.count, (0..<length).allSatisfy({ arena[start + $0] == version[$0] }) { return .same }
    if version.count <= Int(arena[record + 2]) {
      for index in version.indices { arena[start + index] = version[index] }
      arena[record + 1] = UInt8(version.count)
    } else {
      let old = identity(at: record)
      garbage += size(at: record)
      insert(key, version, old.namespace, old.name, at: slot, isReplacement: true)
      mark(Int(slots[slot]), touching: touching)
    }
    return .changed
  }

  /// What is known of an object, without noting anything but that a list has shown it.
  ///
  /// - Returns: nil for an unknown object; `touched` if the watch has told it since the round began.
  mutating func see(_ text: Span<UInt8>, _ header: ObjectHeader) -> (isSame: Bool, touched: Bool)? {
    guard let slot = slot(of: Self.key(text, header)) else { return nil }
    let record = Int(slots[slot])
    arena[record + 4] = round
    let known = identity(at: record).resourceVersion
    return (known == Self.version(text, header), arena[record + 5] == round)
  }

  /// Forgets an object; false if it was not known.
  @discardableResult
  mutating func remove(_ text: Span<UInt8>, _ header: ObjectHeader) -> Bool {
    guard let slot = slot(of: Self.key(text, header)) else { return false }
    remove(slot)
    return true
  }

  /// Begins a round: what no list shows until `sweep` is gone.
  mutating func beginRound() {
    round &+= 1
    guard round == 0 else { return }
    // 255 rounds are over: marks of old must not look new.
    round = 1
    for slot in slots where slot != Self.empty {
      arena[Int(slot) + 4] = 0
      arena[Int(slot) + 5] = 0
    }
  }

  /// Forgets and returns what this round has not shown.
  mutating func sweep() -> [Identity] {
    var gone: [Identity] = []
    for slot in slots where slot != Self.empty {
      if arena[Int(slot) + 4] != round { gone.append(identity(at: Int(slot))) }
    }
    for identity in gone {
      if let slot = slot(of: Self.key(of: identity)) { remove(slot) }
    }
    return gone
  }

  /// All that is known, in no order.
  func forEach(_ body: (Identity) -> Void) {
    for slot in slots where slot != Self.empty { body(identity(at: Int(slot))) }
  }

  /// Makes all of them differ from whatever comes next: they are about to be told in another form.
  mutating func forgetVersions() {
    for slot in slots where slot != Self.empty { arena[Int(slot) + 1] = 0 }
  }

  /// Puts back what a state file has kept.
  mutating func restore(_ identity: Identity) {
    if (count + 1) * 4 > slots.count * 3 { grow() }
    let key = Self.key(of: identity)
    let slot = find(key)
    guard slots[slot] == Self.empty else { return }
    insert(key, Array(identity.resourceVersion.prefix(255)), identity.namespace, identity.name, at: slot)
  }

  // MARK: - Keys

  /// A uid in its usual form is kept as its 16 bytes; anything else as it is, cut at 255 bytes.
  private static func key(_ text: Span<UInt8>, _ header: ObjectHeader) -> [UInt8] {
    if header.uid.isEmpty { return placeKey(text.bytes(header.namespace), text.bytes(header.name)) }
    return key(uid: text.extracting(header.uid))
  }

  private static func key(of identity: Identity) -> [UInt8] {
    identity.uid.isEmpty ? placeKey(identity.namespace, identity.name) : key(uid: identity.uid.span)
  }

  private static func placeKey(_ namespace: [UInt8], _ name: [UInt8]) -> [UInt8] {
    Array(([UInt8(ascii: "/")] + namespace + [UInt8(ascii: "/")] + name).prefix(255))
  }

  private static func key(uid: Span<UInt8>) -> [UInt8] {
    func asItIs() -> [UInt8] { Array(([UInt8(ascii: "u")] + uid.bytes(0..<uid.count)).prefix(255)) }
    guard uid.count == 36 else { return asItIs() }
    var key: [UInt8] = []
    key.reserveCapacity(16)
    var high: UInt8?
    for index in 0..<36 {
      let byte = uid[index]
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return asItIs() }
        continue
      }
      let nibble: UInt8
      switch byte {
      case 0x30...0x39: nibble = byte - 0x30
      case 0x61...0x66: nibble = byte - 0x57
      default: return asItIs()
      }
      if let first = high {
        key.append(first << 4 | nibble)
        high = nil
      } else {
        high = nibble
      }
    }
    return key
  }

  private static func uid(of key: Span<UInt8>) -> [UInt8] {
    guard key.count == 16 else {
      return key.count > 0 && key[0] == UInt8(ascii: "/") ? [] : Array(key.bytes(0..<key.count).dropFirst())
    }
    let digits = Array("0123456789abcdef".utf8)
    var uid: [UInt8] = []
    uid.reserveCapacity(36)
    for index in 0..<16 {
      if index == 4 || index == 6 || index == 8 || index == 10 { uid.append(UInt8(ascii: "-")) }
      uid.append(digits[Int(key[index] >> 4)])
      uid.append(digits[Int(key[index] & 15)])
    }
    return uid
  }

  private static func version(_ text: Span<UInt8>, _ header: ObjectHeader) -> [UInt8] {
    let version = header.resourceVersion
    guard version.isEmpty else { return text.bytes(version.prefix(255)) }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in 0..<text.count { hash = (hash ^ UInt64(text[index])) &* 0x100_0000_01b3 }
    return [UInt8(ascii: "#")] + Array(String(hash, radix: 36).utf8)
  }

  // MARK: - Table

  private func hash(_ key: [UInt8]) -> Int {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash ^= hash >> 32
    return Int(truncatingIfNeeded: hash & UInt64(slots.count - 1))
  }

  /// The slot of a key, or the empty one where it belongs.
  private func find(_ key: [UInt8]) -> Int {
    var slot = hash(key)
    while slots[slot] != Self.empty, !holds(Int(slots[slot]), key) { slot = (slot + 1) & (slots.count - 1) }
    return slot
  }

  private func slot(of key: [UInt8]) -> Int? {
    guard !slots.isEmpty else { return nil }
    let slot = find(key)
    return slots[slot] == Self.empty ? nil : slot
  }

  private func holds(_ record: Int, _ key: [UInt8]) -> Bool {
    guard Int(arena[record]) == key.count else { return false }
    for index in key.indices where arena[record + Self.headerSize + index] != key[index] { return false }
    return true
  }

  private func size(at record: Int) -> Int {
    Self.headerSize + Int(arena[record]) + Int(arena[record + 2]) + Int(arena[record + 3])
  }

  private func identity(at record: Int) -> Identity {
    let keyStart = record + Self.headerSize
    let versionStart = keyStart + Int(arena[record])
    let nameStart = versionStart + Int(arena[record + 2])
    let namespace = Int(arena[record + 6]) << 8 | Int(arena[record + 7])
    let span = arena.span
    return Identity(
      uid: Self.uid(of: span.extracting(keyStart..<versionStart)),
      resourceVersion: span.bytes(versionStart..<versionStart + Int(arena[record + 1])),
      namespace: namespaces[namespace], name: span.bytes(nameStart..<nameStart + Int(arena[record + 3])))
  }

  private mutating func mark(_ record: Int, touching: Bool) {
    arena[record + 4] = round
    if touching { arena[record + 5] = round }
  }

  private mutating func insert(
    _ key: [UInt8], _ version: [UInt8], _ namespace: [UInt8], _ name: [UInt8], at slot: Int,
    isReplacement: Bool = false
  ) {
    let number = number(of: namespace)
    // One byte of room: resourceVersions grow by a digit.
    let room = min(255, version.count + 1)
    slots[slot] = UInt32(arena.count)
    arena += [
      UInt8(key.count), UInt8(version.count), UInt8(room), UInt8(min(255, name.count)), 0, 0,
      UInt8(number >> 8), UInt8(truncatingIfNeeded: number),
    ]
    arena += key
    arena += version
    for _ in version.count..<room { arena.append(0) }
    arena += name.prefix(255)
    if !isReplacement { count += 1 }
    if garbage > 64 << 10, garbage > arena.count / 2 { compact() }
  }

  /// 65,536 namespaces are beyond any cluster; the rest would share the last one's name in a synthetic DELETED,
  /// whose uid still tells them apart.
  private mutating func number(of namespace: [UInt8]) -> UInt16 {
    if let number = namespaceNumbers[namespace] { return number }
    guard namespaces.count < Int(UInt16.max) else { return UInt16.max - 1 }
    let number = UInt16(namespaces.count)
    namespaces.append(namespace)
    namespaceNumbers[namespace] = number
    return number
  }

  private mutating func remove(_ slot: Int) {
    garbage += size(at: Int(slots[slot]))
    slots[slot] = Self.empty
    count -= 1
    // Backward shift: what was pushed past this slot moves up, so that no tombstones are needed.
    var hole = slot
    var next = (slot + 1) & (slots.count - 1)
    while slots[next] != Self.empty {
      let record = Int(slots[next])
      let start = record + Self.headerSize
      let home = hash(Array(arena[start..<start + Int(arena[record])]))
      let mask = slots.count - 1
      if (next - home) & mask >= (next - hole) & mask {
        slots[hole] = slots[next]
        slots[next] = Self.empty
        hole = next
      }
      next = (next + 1) & mask
    }
    if garbage > 64 << 10, garbage > arena.count / 2 { compact() }
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: Self.empty, count: max(16, old.count * 2))
    for record in old where record != Self.empty {
      let start = Int(record) + Self.headerSize
      slots[find(Array(arena[start..<start + Int(arena[Int(record)])]))] = record
    }
  }

  private mutating func compact() {
    var fresh: [UInt8] = []
    fresh.reserveCapacity(arena.count - garbage)
    for index in slots.indices where slots[index] != Self.empty {
      let record = Int(slots[index])
      slots[index] = UInt32(fresh.count)
      fresh += arena[record..<record + size(at: record)]
    }
    arena = fresh
    garbage = 0
  }
}
