// SPDX-License-Identifier: Apache-2.0

/// A CEL type, as the checker uses it.
public indirect enum ValueType: Sendable, Hashable {
  /// Any type; operations are checked at evaluation.
  case dyn
  case null
  case bool
  case int
  case uint
  case double
  case string
  case bytes
  case timestamp
  case duration
  case list(ValueType)
  case map(ValueType, ValueType)
  case optional(ValueType)
  /// The type of a type: `int` as an expression has the type `type(int)`.
  case type(ValueType)
  /// A scalar or null: google.protobuf's wrapper messages.
  case wrapper(ValueType)
  /// A type parameter of a function, such as `T`.
  case parameter(String)
  /// An object type, by name. The environment's ``ObjectTypeProvider`` declares its fields. It can be used
  /// where a map with string keys is expected.
  case object(String)
  /// A type that a library defines, with its type arguments.
  case opaque(String, [ValueType] = [])
}

extension ValueType {
  /// `list(dyn)`.
  public static let dynList = ValueType.list(.dyn)
  /// `map(dyn, dyn)`.
  public static let dynMap = ValueType.map(.dyn, .dyn)
  /// The type parameter `T`.
  public static let t = ValueType.parameter("T")

  /// The types directly inside this one.
  var arguments: [ValueType] {
    switch self {
    case .list(let element): [element]
    case .map(let key, let value): [key, value]
    case .optional(let inner), .type(let inner), .wrapper(let inner): [inner]
    case .opaque(_, let arguments): arguments
    default: []
    }
  }

  /// The same type with other inner types, as many as ``arguments`` has.
  func with(arguments: [ValueType]) -> ValueType {
    switch self {
    case .list: .list(arguments[0])
    case .map: .map(arguments[0], arguments[1])
    case .optional: .optional(arguments[0])
    case .type: .type(arguments[0])
    case .wrapper: .wrapper(arguments[0])
    case .opaque(let name, _): .opaque(name, arguments)
    default: self
    }
  }

  /// The name at run time, as `type(x)` gives it; nil for `dyn` and type parameters.
  var runtimeName: TypeName? {
    switch self {
    case .dyn, .parameter: nil
    case .null: .null
    case .bool: .bool
    case .int: .int
    case .uint: .uint
    case .double: .double
    case .string: .string
    case .bytes: .bytes
    case .timestamp: .timestamp
    case .duration: .duration
    case .list: .list
    case .map, .object: .map
    case .optional: .optional
    case .type: .type
    case .wrapper(let inner): inner.runtimeName
    case .opaque(let name, _): TypeName(name)
    }
  }
}

extension ValueType: CustomStringConvertible {
  /// As CEL writes it: `map(string, list(int))`.
  public var description: String {
    switch self {
    case .dyn: "dyn"
    case .null: "null_type"
    case .bool: "bool"
    case .int: "int"
    case .uint: "uint"
    case .double: "double"
    case .string: "string"
    case .bytes: "bytes"
    case .timestamp: "timestamp"
    case .duration: "duration"
    case .list(let element): "list(\(element))"
    case .map(let key, let value): "map(\(key), \(value))"
    case .optional(let inner): "optional_type(\(inner))"
    case .type(let inner): "type(\(inner))"
    case .wrapper(let inner): "wrapper(\(inner))"
    case .parameter(let name): "<\(name)>"
    case .object(let name): name
    case .opaque(let name, let arguments):
      arguments.isEmpty ? name : "\(name)(\(arguments.map(\.description).joined(separator: ", ")))"
    }
  }
}
