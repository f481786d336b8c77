// SPDX-License-Identifier: Apache-2.0

import CEL

/// Makes a value out of fuzzed bytes.
struct ValueReader {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  private mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

  private mutating func word() -> UInt64 { (0..<8).reduce(0) { result, _ in result << 8 | UInt64(byte()) } }

  private mutating func text() -> String {
    let count = Int(byte() % 24)
    let taken = bytes.prefix(count)
    bytes = bytes.dropFirst(count)
    return String(decoding: taken, as: UTF8.self)
  }

  mutating func value(depth: Int) -> Value {
    switch byte() % (depth > 0 ? 12 : 9) {
    case 0: return .null
    case 1: return .bool(byte() & 1 == 1)
    case 2: return .int(Int64(Int8(bitPattern: byte())))
    case 3: return .int(Int64(bitPattern: word()))
    case 4: return .uint(word())
    case 5: return .double(Double(bitPattern: word()))
    case 6, 7: return .string(text())
    case 8: return .bytes(Array(text().utf8))
    case 9: return .list((0..<byte() % 5).map { _ in value(depth: depth - 1) })
    default:
      return .map(MapValue((0..<byte() % 5).map { _ in (.string(text()), value(depth: depth - 1)) }))
    }
  }
}

/// Serves plain values as foreign nodes.
final class ValueSource: ForeignSource, @unchecked Sendable {
  private var nodes: [Value] = []

  func wrap(_ value: Value) -> Value {
    switch value {
    case .double, .string, .list, .map:
      nodes.append(value)
      return .foreign(ForeignValue(source: self, node: UInt64(nodes.count - 1)))
    default: return value
    }
  }

  override func kind(_ node: UInt64) -> ForeignKind {
    switch nodes[Int(node)] {
    case .double: .number
    case .string: .string
    case .list: .list
    default: .map
    }
  }

  override func number(_ node: UInt64) -> Value { nodes[Int(node)] }

  override func string(_ node: UInt64) -> String {
    if case .string(let text) = nodes[Int(node)] { text } else { "" }
  }

  override func count(_ node: UInt64) -> Int {
    switch nodes[Int(node)] {
    case .list(let list): list.count
    case .map(let map): map.count
    default: 0
    }
  }

  override func member(_ node: UInt64, _ name: FieldName) -> Value? {
    guard case .map(let map) = nodes[Int(node)] else { return nil }
    return map[.string(name.string)].map(wrap)
  }

  override func element(_ node: UInt64, at index: Int) -> Value? {
    guard case .list(let list) = nodes[Int(node)], list.indices.contains(index) else { return nil }
    return wrap(list[index])
  }

  override func nextElement(_ cursor: inout ForeignCursor) -> Value? {
    defer { cursor.position += 1 }
    return element(cursor.node, at: Int(cursor.position))
  }

  override func nextEntry(_ cursor: inout ForeignCursor) -> (key: Value, value: Value)? {
    guard case .map(let map) = nodes[Int(cursor.node)], cursor.position < map.count else { return nil }
    let entry = map.entries[Int(cursor.position)]
    cursor.position += 1
    return (wrap(entry.key), wrap(entry.value))
  }
}

/// A value as text that tells types apart.
enum Text {
  static func of(_ value: Value) -> String {
    switch value {
    case .list(let list): "[" + list.map(of).joined(separator: ",") + "]"
    case .map(let map): "{" + map.entries.map { of($0.key) + ":" + of($0.value) }.joined(separator: ",") + "}"
    case .optional(let inner): "optional(" + (inner.map(of) ?? "") + ")"
    case .opaque(let opaque): opaque.typeName
    default: "\(value)"
    }
  }
}
