// SPDX-License-Identifier: Apache-2.0

/// A CEL value.
///
/// Strings, lists, maps and some numbers may also be `.foreign`: a node of data in another representation,
/// such as raw JSON, which is decoded only as far as an expression needs it. To read a result or the elements
/// of a list or map, use ``native``.
///
/// `==` is CEL's equality: numbers compare by value across `int`, `uint` and `double`, NaN equals nothing,
/// strings compare by code points, and values of different kinds are unequal.
public enum Value: Sendable {
  case null
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case double(Double)
  case string(String)
  case bytes([UInt8])
  case list(ListValue)
  case map(MapValue)
  case timestamp(TimestampValue)
  case duration(DurationValue)
  /// A type as a value, such as `int` or `type(x)`.
  case type(TypeName)
  /// A value of a type that a library defines, such as a quantity or an IP address.
  case opaque(any OpaqueValue)
  /// A number, string, list or map that is not decoded and is still part of its source.
  case foreign(ForeignValue)
  /// A CEL optional; nil is `optional.none()`.
  indirect case optional(Value?)
}

extension Value {
  /// Creates a list of these elements.
  public static func list(_ elements: some Sequence<Value>) -> Value {
    .list(ListValue(elements))
  }

  /// This value, with a foreign number or string decoded and a foreign list or map converted to a list or
  /// map.
  ///
  /// The elements are not decoded before they are read. They keep the source alive, but not its content: see
  /// ``ForeignSource``.
  @inline(__always)
  public var native: Value {
    guard case .foreign(let foreign) = self else { return self }
    return foreign.native
  }

  /// This value without foreign parts at any depth, so that it does not depend on its source.
  public func copied() -> Value {
    switch native {
    case .list(let list): return .list(ListValue(list.map { $0.copied() }))
    case .map(let map):
      return .map(MapValue(unique: map.entries.map { ($0.key.copied(), $0.value.copied()) }))
    case .optional(let inner): return .optional(inner?.copied())
    case let other: return other
    }
  }

  /// The name of the type, as `type(x)` returns it, such as `int` or `google.protobuf.Timestamp`.
  public var typeName: TypeName {
    switch self {
    case .null: .null
    case .bool: .bool
    case .int: .int
    case .uint: .uint
    case .double: .double
    case .string: .string
    case .bytes: .bytes
    case .list: .list
    case .map: .map
    case .timestamp: .timestamp
    case .duration: .duration
    case .type: .type
    case .optional: .optional
    case .opaque(let value): TypeName(value.typeName)
    case .foreign(let value):
      switch value.kind {
      case .number: value.native.typeName
      case .string: .string
      case .list: .list
      case .map: .map
      }
    }
  }
}

/// The name of a type as a value: the result of `type(x)`.
public struct TypeName: Sendable, Hashable, CustomStringConvertible {
  /// The full name, such as `int` or `google.protobuf.Timestamp`.
  public let description: String

  /// Creates the name of a type.
  public init(_ name: String) { self.description = name }

  static let null = TypeName("null_type")
  static let bool = TypeName("bool")
  static let int = TypeName("int")
  static let uint = TypeName("uint")
  static let double = TypeName("double")
  static let string = TypeName("string")
  static let bytes = TypeName("bytes")
  static let list = TypeName("list")
  static let map = TypeName("map")
  static let timestamp = TypeName("google.protobuf.Timestamp")
  static let duration = TypeName("google.protobuf.Duration")
  static let type = TypeName("type")
  static let optional = TypeName("optional_type")
}

/// A value of a type that a library defines, such as a quantity, an IP address or a URL.
///
/// Values of different opaque types are unequal; their ``isEqual(to:)`` is not called.
public protocol OpaqueValue: AnyObject, Sendable {
  /// The type's full name, as in ``ValueType/opaque(_:_:)``.
  var typeName: String { get }
  /// The cost of comparing, printing or keeping the value, in steps: about one for each ten bytes, at least
  /// 1.
  var weight: Int { get }
  /// Whether both are equal in CEL. It is only called with a value of the same type name.
  func isEqual(to other: any OpaqueValue) -> Bool
}

extension OpaqueValue {
  /// The cost of a small value, 1.
  public var weight: Int { 1 }
}
