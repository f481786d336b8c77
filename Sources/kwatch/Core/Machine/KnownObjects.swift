// SPDX-License-Identifier: Apache-2.0
import JSON

/// The facts that kwatch keeps of an object.
struct Identity: Equatable, Hashable, Sendable {
  /// Raw bytes of JSON strings' content, as the server sent them.
  var uid: [UInt8]
  var resourceVersion: [UInt8]
  var namespace: [UInt8]
  var name: [UInt8]
}

/// The printed objects: namespace and name → uid and resourceVersion.
///
/// By name, as the API server keeps objects: there is one object of a namespace and name at a time, and another uid under
/// the same name is another object, whose predecessor is gone. Objects without resourceVersion are compared by a hash of
/// their bytes.
struct KnownObjects: Sendable {
  enum Outcome: Equatable {
    case new, changed, same
    /// Another object had the name until now.
    case replaced(Identity)
  }

  private struct Entry {
    var uid: [UInt8]
    var version: [UInt8]
    /// The last round that has shown the object, and the last one during which the watch has changed it.
    var seen: UInt32
    var touched: UInt32
  }

  /// By `namespace/name`: a namespace has no slash.
  private var entries: [[UInt8]: Entry] = [:]
  /// The number of the current list; objects that it has shown carry it. 0 is before the first.
  private var round: UInt32 = 0
  /// How many different objects the current list has shown.
  private(set) var seenInRound = 0

  var count: Int { entries.count }

  /// Notes an object as printed.
  ///
  /// `touching`: it comes from the watch, while a comparing list is under way.
  mutating func upsert(_ text: Span<UInt8>, _ header: ObjectHeader, touching: Bool = false) -> Outcome {
    let key = Self.key(text, header)
    let now = Entry(
      uid: text.bytes(header.uid), version: Self.version(text, header), seen: round,
      touched: touching ? round : 0)
    let (outcome, isFirst) = Self.replace(&entries[key], key, by: now)
    if isFirst { seenInRound += 1 }
    return outcome
  }

  /// Through `inout`, the key is looked up once. `isFirst`: in this round.
  private static func replace(
    _ entry: inout Entry?, _ key: [UInt8], by now: Entry
  ) -> (outcome: Outcome, isFirst: Bool) {
    guard let known = entry else {
      entry = now
      return (.new, true)
    }
    let isFirst = known.seen != now.seen
    entry = now
    if now.touched == 0 { entry?.touched = known.touched }
    if known.uid != now.uid, !known.uid.isEmpty, !now.uid.isEmpty {
      return (.replaced(Self.identity(key, known)), isFirst)
    }
    // A uid that is missing in this answer is still the object's.
    if now.uid.isEmpty { entry?.uid = known.uid }
    return (known.version == now.version ? .same : .changed, isFirst)
  }

  /// Notes that a list has shown an object, and nothing else about it.
  ///
  /// - Returns: nil for an unknown object; `touched` if the watch has changed it since the round began.
  mutating func see(_ text: Span<UInt8>, _ header: ObjectHeader) -> (isSame: Bool, touched: Bool)? {
    let key = Self.key(text, header)
    guard let known = entries[key] else { return nil }
    entries[key]?.seen = round
    let uid = text.bytes(header.uid)
    let isSame = known.uid.isEmpty || uid.isEmpty || known.uid == uid
    return (isSame && known.version == Self.version(text, header), known.touched == round)
  }

  /// Forgets the object of this name; false if there was none.
  @discardableResult
  mutating func remove(_ text: Span<UInt8>, _ header: ObjectHeader) -> Bool {
    entries.removeValue(forKey: Self.key(text, header)) != nil
  }

  /// Begins a round: objects that no list contains until `sweep` no longer exist.
  mutating func beginRound() {
    round += 1
    seenInRound = 0
  }

  /// Removes and returns the objects that this round has not contained.
  mutating func sweep() -> [Identity] {
    let gone = entries.filter { $0.value.seen != round }
    for key in gone.keys { entries[key] = nil }
    return gone.map(Self.identity)
  }

  /// All known objects, in no order.
  func forEach(_ body: (Identity) -> Void) {
    for (key, entry) in entries { body(Self.identity(key, entry)) }
  }

  /// Makes all of them differ from whatever comes next: they are about to be printed in another form.
  mutating func forgetVersions() {
    for key in entries.keys { entries[key]?.version = [] }
  }

  /// Restores an object from a state file.
  mutating func restore(_ identity: Identity) {
    let key = identity.namespace + [UInt8(ascii: "/")] + identity.name
    guard entries[key] == nil else { return }
    entries[key] = Entry(uid: identity.uid, version: identity.resourceVersion, seen: 0, touched: 0)
  }

  /// `namespace/name`, by which objects are known.
  static func key(_ text: Span<UInt8>, _ header: ObjectHeader) -> [UInt8] {
    var key: [UInt8] = []
    key.reserveCapacity(header.namespace.count + 1 + header.name.count)
    key += text.bytes(header.namespace)
    key.append(UInt8(ascii: "/"))
    key += text.bytes(header.name)
    return key
  }

  private static func identity(_ key: [UInt8], _ entry: Entry) -> Identity {
    let parts = key.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
    return Identity(
      uid: entry.uid, resourceVersion: entry.version, namespace: Array(parts.first ?? []),
      name: Array(parts.dropFirst().first ?? []))
  }

  private static func version(_ text: Span<UInt8>, _ header: ObjectHeader) -> [UInt8] {
    guard header.resourceVersion.isEmpty else { return text.bytes(header.resourceVersion) }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in 0..<text.count { hash = (hash ^ UInt64(text[index])) &* 0x100_0000_01b3 }
    return [UInt8(ascii: "#")] + Array(String(hash, radix: 36).utf8)
  }
}
