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
    /// The uid, then the version: one array of both is one allocation less for each object.
    private var facts: [UInt8] = []
    private var uidCount = 0
    /// The last round that has shown the object, and the last one during which the watch has changed it.
    var seen: UInt32
    var touched: UInt32

    init(_ text: Span<UInt8>, _ header: ObjectHeader, seen: UInt32, touched: UInt32 = 0) {
      self.seen = seen
      self.touched = touched
      facts.reserveCapacity(header.uid.count + header.resourceVersion.count)
      text.append(header.uid, to: &facts)
      uidCount = facts.count
      if header.resourceVersion.isEmpty {
        facts += KnownObjects.hash(text)
      } else {
        text.append(header.resourceVersion, to: &facts)
      }
    }

    init(_ identity: Identity) {
      facts = identity.uid + identity.resourceVersion
      uidCount = identity.uid.count
      (seen, touched) = (0, 0)
    }

    var uid: ArraySlice<UInt8> { facts[..<uidCount] }
    var version: ArraySlice<UInt8> { facts[uidCount...] }

    mutating func forgetVersion() { facts.removeSubrange(uidCount...) }

    /// A uid that is missing in an answer is still the object's.
    mutating func complete(uid: ArraySlice<UInt8>) {
      guard uidCount == 0 else { return }
      facts.insert(contentsOf: uid, at: 0)
      uidCount = uid.count
    }

    /// An absent uid can be any.
    func isSameObject(as other: Entry) -> Bool { uidCount == 0 || other.uidCount == 0 || uid == other.uid }
  }

  private var entries: [ObjectName: Entry] = [:]
  /// The number of the current list; objects that it has shown carry it. 0 is before the first.
  private var round: UInt32 = 0
  /// How many different objects the current list has shown.
  private(set) var seenInRound = 0

  var count: Int { entries.count }

  /// Makes room for the objects that a server says will follow in this round, within limits.
  mutating func reserve(_ more: Int) {
    if more > 0 { entries.reserveCapacity(seenInRound + min(more, 100_000)) }
  }

  /// Notes an object as printed.
  ///
  /// `touching`: it comes from the watch, while a comparing list is under way.
  mutating func upsert(_ text: Span<UInt8>, _ header: ObjectHeader, touching: Bool = false) -> Outcome {
    let name = ObjectName(text, header)
    let now = Entry(text, header, seen: round, touched: touching ? round : 0)
    let (outcome, isFirst) = Self.replace(&entries[name], name, by: now)
    if isFirst { seenInRound += 1 }
    return outcome
  }

  /// Through `inout`, the name is looked up once. `isFirst`: in this round.
  private static func replace(
    _ entry: inout Entry?, _ name: ObjectName, by now: Entry
  ) -> (outcome: Outcome, isFirst: Bool) {
    guard let known = entry else {
      entry = now
      return (.new, true)
    }
    let isFirst = known.seen != now.seen
    entry = now
    if now.touched == 0 { entry?.touched = known.touched }
    guard known.isSameObject(as: now) else { return (.replaced(identity(name, known)), isFirst) }
    entry?.complete(uid: known.uid)
    return (known.version == now.version ? .same : .changed, isFirst)
  }

  /// Notes that a list has shown an object, and nothing else about it.
  ///
  /// - Returns: nil for an unknown object; `touched` if the watch has changed it since the round began.
  mutating func see(_ text: Span<UInt8>, _ header: ObjectHeader) -> (isSame: Bool, touched: Bool)? {
    let name = ObjectName(text, header)
    guard let known = entries[name] else { return nil }
    entries[name]?.seen = round
    let shown = Entry(text, header, seen: round)
    let isSame = known.isSameObject(as: shown) && known.version == shown.version
    return (isSame, known.touched == round)
  }

  /// Forgets the object of this name; false if there was none.
  @discardableResult
  mutating func remove(_ text: Span<UInt8>, _ header: ObjectHeader) -> Bool {
    entries.removeValue(forKey: ObjectName(text, header)) != nil
  }

  /// Begins a round: objects that no list contains until `sweep` no longer exist.
  mutating func beginRound() {
    round += 1
    seenInRound = 0
  }

  /// Removes and returns the objects that this round has not contained.
  mutating func sweep() -> [Identity] {
    let gone = entries.filter { $0.value.seen != round }
    for name in gone.keys { entries[name] = nil }
    return gone.map(Self.identity)
  }

  /// All known objects, in no order.
  func forEach(_ body: (Identity) -> Void) {
    for (name, entry) in entries { body(Self.identity(name, entry)) }
  }

  /// Makes all of them differ from whatever comes next: they are about to be printed in another form.
  mutating func forgetVersions() {
    for name in entries.keys { entries[name]?.forgetVersion() }
  }

  /// Restores an object from a state file.
  mutating func restore(_ identity: Identity) {
    let name = ObjectName(namespace: identity.namespace, name: identity.name)
    if entries[name] == nil { entries[name] = Entry(identity) }
  }

  private static func identity(_ name: ObjectName, _ entry: Entry) -> Identity {
    Identity(
      uid: Array(entry.uid), resourceVersion: Array(entry.version), namespace: name.namespace, name: name.name
    )
  }

  private static func hash(_ text: Span<UInt8>) -> [UInt8] {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in 0..<text.count { hash = (hash ^ UInt64(text[index])) &* 0x100_0000_01b3 }
    return [UInt8(ascii: "#")] + Array(String(hash, radix: 36).utf8)
  }
}
