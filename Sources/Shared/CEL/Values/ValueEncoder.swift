// SPDX-License-Identifier: Apache-2.0

extension Value {
  /// Converts an `Encodable` value: structures become maps, arrays become lists, nil becomes null.
  ///
  /// Integers become int, or uint if they are beyond int64.
  ///
  /// - Throws: the errors of the type's `encode(to:)`
  public init(encoding value: some Encodable) throws {
    let encoder = ValueEncoder(codingPath: [])
    try value.encode(to: encoder)
    self = encoder.value
  }

  fileprivate init(unsigned value: some UnsignedInteger) {
    self = Int64(exactly: value).map(Value.int) ?? .uint(UInt64(value))
  }
}

/// Collects the values that are encoded at one place.
private final class ValueEncoder: Encoder {
  private enum Storage {
    case nothing
    case single(Value)
    case elements([ValueEncoder])
    /// With the place of each key.
    case entries([(key: String, encoder: ValueEncoder)], [String: Int])
  }

  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any] = [:]
  private var storage = Storage.nothing

  init(codingPath: [any CodingKey]) { self.codingPath = codingPath }

  var value: Value {
    switch storage {
    case .nothing: .null
    case .single(let value): value
    case .elements(let elements): .list(elements.map(\.value))
    case .entries(let entries, _): .map(MapValue(entries.map { (.string($0.key), $0.encoder.value) }))
    }
  }

  var count: Int { if case .elements(let elements) = storage { elements.count } else { 0 } }

  func set(_ value: Value) { storage = .single(value) }

  func becomeList() { if case .nothing = storage { storage = .elements([]) } }

  func becomeMap() { if case .nothing = storage { storage = .entries([], [:]) } }

  /// Appends an element and returns its place.
  func element() -> ValueEncoder {
    let encoder = ValueEncoder(codingPath: codingPath)
    guard case .elements(var elements) = storage else { return encoder }
    storage = .nothing  // With one owner, the array is appended to in place.
    elements.append(encoder)
    storage = .elements(elements)
    return encoder
  }

  /// Returns the place for a key's value. It replaces an earlier value.
  func entry(_ key: some CodingKey) -> ValueEncoder {
    let encoder = ValueEncoder(codingPath: codingPath + [key])
    guard case .entries(var entries, var places) = storage else { return encoder }
    storage = .nothing
    let name = key.stringValue
    if let place = places[name] {
      entries[place].encoder = encoder
    } else {
      places[name] = entries.count
      entries.append((name, encoder))
    }
    storage = .entries(entries, places)
    return encoder
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    becomeMap()
    return KeyedEncodingContainer(KeyedValues(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    becomeList()
    return UnkeyedValues(encoder: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { SingleValue(encoder: self) }
}

private struct SingleValue: SingleValueEncodingContainer {
  let encoder: ValueEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil() { encoder.set(.null) }
  func encode(_ value: Bool) { encoder.set(.bool(value)) }
  func encode(_ value: String) { encoder.set(.string(value)) }
  func encode(_ value: Double) { encoder.set(.double(value)) }
  func encode(_ value: Float) { encoder.set(.double(Double(value))) }
  func encode(_ value: Int) { encoder.set(.int(Int64(value))) }
  func encode(_ value: Int8) { encoder.set(.int(Int64(value))) }
  func encode(_ value: Int16) { encoder.set(.int(Int64(value))) }
  func encode(_ value: Int32) { encoder.set(.int(Int64(value))) }
  func encode(_ value: Int64) { encoder.set(.int(value)) }
  func encode(_ value: UInt) { encoder.set(Value(unsigned: value)) }
  func encode(_ value: UInt8) { encoder.set(Value(unsigned: value)) }
  func encode(_ value: UInt16) { encoder.set(Value(unsigned: value)) }
  func encode(_ value: UInt32) { encoder.set(Value(unsigned: value)) }
  func encode(_ value: UInt64) { encoder.set(Value(unsigned: value)) }
  func encode(_ value: some Encodable) throws { try value.encode(to: encoder) }
}

private struct UnkeyedValues: UnkeyedEncodingContainer {
  let encoder: ValueEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { encoder.count }

  func encodeNil() { encoder.element().set(.null) }
  func encode(_ value: some Encodable) throws { try value.encode(to: encoder.element()) }

  func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    encoder.element().container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.element().unkeyedContainer() }
  func superEncoder() -> any Encoder { encoder.element() }
}

private struct KeyedValues<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: ValueEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil(forKey key: Key) { encoder.entry(key).set(.null) }
  func encode(_ value: some Encodable, forKey key: Key) throws { try value.encode(to: encoder.entry(key)) }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { encoder.entry(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    encoder.entry(key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { encoder.entry(SuperKey()) }
  func superEncoder(forKey key: Key) -> any Encoder { encoder.entry(key) }
}

private struct SuperKey: CodingKey {
  let stringValue = "super"
  var intValue: Int? { nil }
  init() {}
  init?(stringValue: String) {}
  init?(intValue: Int) { nil }
}
