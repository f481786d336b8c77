// SPDX-License-Identifier: Apache-2.0

/// A CEL map: entries in memory in the order they were written, or a view of a foreign map.
///
/// Keys are int, uint, bool and string; numeric keys that are equal as numbers are the same key.
public final class MapValue: Sendable {
  enum Storage: Sendable {
    /// Few entries: looked up one by one.
    case few([(key: Value, value: Value)])
    case indexed([(key: Value, value: Value)], [MapKey: Int])
    case foreign(ForeignValue)
  }

  let storage: Storage
  /// How many values lie in it, at any depth, counted as often as they can be reached; see ``Value/weight``.
  let weight: Int

  static let empty = MapValue(unique: [])

  /// Up to this many entries a scan is faster than hashing.
  private static let scanLimit = 8

  /// A map of these entries; a repeated key keeps its first value.
  public convenience init(_ entries: some Sequence<(Value, Value)>) {
    var seen: Set<MapKey> = []
    self.init(unique: entries.filter { MapKey($0.0).map { seen.insert($0).inserted } ?? true })
  }

  /// A map of entries whose keys are known to differ.
  init(unique entries: [(key: Value, value: Value)]) {
    self.weight = entries.reduce(1) { $0.addingSaturated($1.key.weight).addingSaturated($1.value.weight) }
    guard entries.count > Self.scanLimit else {
      self.storage = .few(entries)
      return
    }
    var index: [MapKey: Int] = [:]
    index.reserveCapacity(entries.count)
    for (position, entry) in entries.enumerated() {
      if let key = MapKey(entry.key) { index[key] = position }
    }
    self.storage = .indexed(entries, index)
  }

  init(foreign: ForeignValue) {
    self.storage = .foreign(foreign)
    self.weight = foreign.source.weight(foreign.node)
  }

  /// The number of entries.
  public var count: Int {
    switch storage {
    case .few(let entries): entries.count
    case .indexed(let entries, _): entries.count
    case .foreign(let foreign): foreign.source.count(foreign.node)
    }
  }

  /// All entries, in order; values of a foreign map undecoded.
  public var entries: [(key: Value, value: Value)] {
    switch storage {
    case .few(let entries): return entries
    case .indexed(let entries, _): return entries
    case .foreign(let foreign):
      var result: [(key: Value, value: Value)] = []
      var cursor = ForeignCursor(node: foreign.node)
      while let entry = foreign.source.nextEntry(&cursor) { result.append((entry.key.native, entry.value)) }
      return result
    }
  }

  /// The value under a key, decoded, or nil.
  public subscript(key: Value) -> Value? { rawValue(key)?.native }

  /// The value under a key, undecoded, or nil.
  func rawValue(_ key: Value) -> Value? {
    switch storage {
    case .few(let entries):
      guard let key = MapKey(key) else { return nil }
      for entry in entries where MapKey(entry.key) == key { return entry.value }
      return nil
    case .indexed(let entries, let index):
      return MapKey(key).flatMap { index[$0] }.map { entries[$0].value }
    case .foreign(let foreign):
      guard case .string(let name) = key.native else { return nil }
      return foreign.source.member(foreign.node, FieldName(name))
    }
  }

  /// The value under a string key, undecoded, or nil.
  func rawMember(_ name: FieldName) -> Value? {
    switch storage {
    case .few(let entries):
      for entry in entries {
        if case .string(let key) = entry.key, key.isUTF8Equal(to: name.string) { return entry.value }
      }
      return nil
    case .indexed(let entries, let index):
      return index[.string(UTF8String(name.string))].map { entries[$0].value }
    case .foreign(let foreign): return foreign.source.member(foreign.node, name)
    }
  }
}
