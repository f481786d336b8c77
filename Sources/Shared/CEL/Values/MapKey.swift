// SPDX-License-Identifier: Apache-2.0

/// A map key normalised for hashing: equal numbers of different types are the same key, and strings are
/// compared by their bytes.
enum MapKey: Hashable, Sendable {
  case bool(Bool)
  case int(Int64)
  /// An integer above `Int64.max`.
  case uint(UInt64)
  case string(UTF8String)

  /// Creates the key of a value; nil if the value cannot be equal to any key.
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
      switch value.kind {
      case .number: self.init(value.native)
      case .string: self = .string(UTF8String(value.source.string(value.node)))
      case .list, .map: return nil
      }
    default: return nil
    }
  }
}

extension Value {
  /// Whether every value of this kind has a ``MapKey``: strings, bools and integers have, doubles only
  /// sometimes.
  var isHashedAsKey: Bool {
    switch self {
    case .bool, .int, .uint, .string: true
    case .double: MapKey(self) != nil
    case .foreign(let foreign):
      switch foreign.kind {
      case .number: MapKey(self) != nil
      case .string: true
      case .list, .map: false
      }
    default: false
    }
  }
}

extension MapKey {
  /// Whether the value may be equal to a double that has another ``MapKey``: see ``NumericOrder``.
  var isGreatest: Bool { [.int(.max), .uint(1 << 63), .uint(.max)].contains(self) }
}

/// A string that is compared and hashed by its UTF-8, as CEL requires, not by canonical equivalence.
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
