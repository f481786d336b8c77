// SPDX-License-Identifier: Apache-2.0

/// A CEL map, which keeps the order of its entries.
///
/// Keys are int, uint, bool or string. Equal numbers of different types are the same key.
public final class MapValue: Sendable {
  enum Storage: Sendable {
    /// Few entries, which are searched one by one.
    case few([(key: Value, value: Value)])
    case indexed([(key: Value, value: Value)], [MapKey: Int])
  }

  let storage: Storage
  /// The number of values in it, at any depth; see ``Value/weight``.
  let weight: Int

  static let empty = MapValue(unique: [])

  /// Up to this many entries, a scan is faster than hashing.
  private static let scanLimit = 8

  /// Creates a map. A repeated key keeps its first value.
  public convenience init(_ entries: some Sequence<(Value, Value)>) {
    var seen: Set<MapKey> = []
    self.init(unique: entries.filter { MapKey($0.0).map { seen.insert($0).inserted } ?? true })
  }

  /// Creates a map of entries whose keys are known to differ.
  convenience init(unique entries: [(key: Value, value: Value)]) {
    let weight = entries.reduce(1) { $0.addingSaturated($1.key.weight).addingSaturated($1.value.weight) }
    self.init(unique: entries, weight: weight)
  }

  /// Creates a map of entries whose keys are known to differ. `weight` is the sum of their weights, plus one
  /// for the map.
  init(unique entries: [(key: Value, value: Value)], weight: Int) {
    self.weight = weight
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

  /// The number of entries.
  public var count: Int {
    switch storage {
    case .few(let entries): entries.count
    case .indexed(let entries, _): entries.count
    }
  }

  /// All entries, in order. Foreign values are not decoded.
  public var entries: [(key: Value, value: Value)] {
    switch storage {
    case .few(let entries): entries
    case .indexed(let entries, _): entries
    }
  }

  /// The decoded value of a key; nil if there is none.
  public subscript(key: Value) -> Value? { rawValue(key)?.native }

  /// The value of a key, not decoded; nil if there is none.
  func rawValue(_ key: Value) -> Value? {
    switch storage {
    case .few(let entries):
      guard let key = MapKey(key) else { return nil }
      for entry in entries where MapKey(entry.key) == key { return entry.value }
      return nil
    case .indexed(let entries, let index):
      return MapKey(key).flatMap { index[$0] }.map { entries[$0].value }
    }
  }

  /// The value of a string key, not decoded; nil if there is none.
  func rawMember(_ name: FieldName) -> Value? {
    switch storage {
    case .few(let entries):
      for entry in entries {
        if case .string(let key) = entry.key, key.isUTF8Equal(to: name.string) { return entry.value }
      }
      return nil
    case .indexed(let entries, let index):
      return index[.string(UTF8String(name.string))].map { entries[$0].value }
    }
  }
}
