// SPDX-License-Identifier: Apache-2.0

/// A key normalised for hashing: numbers that are equal are one key, strings are their bytes.
enum MapKey: Hashable, Sendable {
  case bool(Bool)
  case int(Int64)
  /// Only above `Int64.max`.
  case uint(UInt64)
  case string(UTF8String)

  /// Nil for a value that cannot be equal to any key.
  init?(_ value: Value) {
    switch value {
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .uint(let value): self = Int64(exactly: value).map(MapKey.int) ?? .uint(value)
    case .double(let value):
      if let int = Int64(exactly: value) {
        self = .int(int)
      } else if let uint = UInt64(exactly: value) {
        self = .uint(uint)
      } else {
        return nil
      }
    case .string(let value): self = .string(UTF8String(value))
    case .foreign(let value):
      guard value.kind == .string else { return nil }
      self = .string(UTF8String(value.source.string(value.node)))
    default: return nil
    }
  }
}

extension Value {
  /// Whether it is a string, a bool or an integer, of which ``MapKey`` makes a key; doubles are only sometimes.
  var isHashedAsKey: Bool {
    switch self {
    case .bool, .int, .uint, .string: true
    case .double: MapKey(self) != nil
    case .foreign(let foreign): foreign.kind == .string
    default: false
    }
  }
}

extension MapKey {
  /// Whether it may equal a double that is another key: see ``NumericOrder``.
  var isGreatest: Bool { [.int(.max), .uint(1 << 63), .uint(.max)].contains(self) }
}

/// A string that equals and hashes by its UTF-8, as CEL wants it, not by canonical equivalence.
struct UTF8String: Hashable, Sendable {
  let string: String

  init(_ string: String) { self.string = string }

  static func == (left: UTF8String, right: UTF8String) -> Bool { left.string.isUTF8Equal(to: right.string) }

  func hash(into hasher: inout Hasher) {
    var copy = string
    copy.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(string.utf8.count)
  }
}
