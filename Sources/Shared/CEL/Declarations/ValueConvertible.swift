// SPDX-License-Identifier: Apache-2.0

/// A Swift type that represents one CEL type in a typed implementation.
public protocol ValueConvertible: Sendable {
  /// The CEL type.
  static var valueType: ValueType { get }
  /// The CEL value.
  var celValue: Value { get }
  /// The Swift value; nil if the CEL value has another type.
  static func extract(_ value: Value) -> Self?
}

extension ValueConvertible {
  @inline(__always)
  static func from(_ value: Value) throws(EvaluationError) -> Self {
    guard let result = extract(value) else { throw .noMatchingOverload }
    return result
  }
}

extension Value: ValueConvertible {
  /// `dyn`.
  public static var valueType: ValueType { .dyn }
  /// Itself.
  public var celValue: Value { self }
  /// Itself.
  public static func extract(_ value: Value) -> Value? { value }
}

extension Bool: ValueConvertible {
  /// `bool`.
  public static var valueType: ValueType { .bool }
  /// A CEL bool.
  public var celValue: Value { .bool(self) }
  /// From a CEL bool.
  public static func extract(_ value: Value) -> Self? {
    guard case .bool(let result) = value else { return nil }
    return result
  }
}

extension Int64: ValueConvertible {
  /// `int`.
  public static var valueType: ValueType { .int }
  /// A CEL int.
  public var celValue: Value { .int(self) }
  /// From a CEL int.
  public static func extract(_ value: Value) -> Self? {
    guard case .int(let result) = value else { return nil }
    return result
  }
}

extension UInt64: ValueConvertible {
  /// `uint`.
  public static var valueType: ValueType { .uint }
  /// A CEL uint.
  public var celValue: Value { .uint(self) }
  /// From a CEL uint.
  public static func extract(_ value: Value) -> Self? {
    guard case .uint(let result) = value else { return nil }
    return result
  }
}

extension Double: ValueConvertible {
  /// `double`.
  public static var valueType: ValueType { .double }
  /// A CEL double.
  public var celValue: Value { .double(self) }
  /// From a CEL double.
  public static func extract(_ value: Value) -> Self? {
    guard case .double(let result) = value else { return nil }
    return result
  }
}

extension String: ValueConvertible {
  /// `string`.
  public static var valueType: ValueType { .string }
  /// A CEL string.
  public var celValue: Value { .string(self) }
  /// From a CEL string.
  public static func extract(_ value: Value) -> Self? {
    guard case .string(let result) = value else { return nil }
    return result
  }
}

extension [UInt8]: ValueConvertible {
  /// `bytes`.
  public static var valueType: ValueType { .bytes }
  /// CEL bytes.
  public var celValue: Value { .bytes(self) }
  /// From CEL bytes.
  public static func extract(_ value: Value) -> Self? {
    guard case .bytes(let result) = value else { return nil }
    return result
  }
}

extension ListValue: ValueConvertible {
  /// `list(dyn)`.
  public static var valueType: ValueType { .list(.dyn) }
  /// A CEL list.
  public var celValue: Value { .list(self) }
  /// From a CEL list.
  public static func extract(_ value: Value) -> ListValue? {
    guard case .list(let result) = value else { return nil }
    return result
  }
}

extension MapValue: ValueConvertible {
  /// `map(dyn, dyn)`.
  public static var valueType: ValueType { .map(.dyn, .dyn) }
  /// A CEL map.
  public var celValue: Value { .map(self) }
  /// From a CEL map.
  public static func extract(_ value: Value) -> MapValue? {
    guard case .map(let result) = value else { return nil }
    return result
  }
}

extension TimestampValue: ValueConvertible {
  /// `timestamp`.
  public static var valueType: ValueType { .timestamp }
  /// A CEL timestamp.
  public var celValue: Value { .timestamp(self) }
  /// From a CEL timestamp.
  public static func extract(_ value: Value) -> Self? {
    guard case .timestamp(let result) = value else { return nil }
    return result
  }
}

extension DurationValue: ValueConvertible {
  /// `duration`.
  public static var valueType: ValueType { .duration }
  /// A CEL duration.
  public var celValue: Value { .duration(self) }
  /// From a CEL duration.
  public static func extract(_ value: Value) -> Self? {
    guard case .duration(let result) = value else { return nil }
    return result
  }
}

extension TypeName: ValueConvertible {
  /// `type`.
  public static var valueType: ValueType { .type(.dyn) }
  /// A CEL type.
  public var celValue: Value { .type(self) }
  /// From a CEL type.
  public static func extract(_ value: Value) -> Self? {
    guard case .type(let result) = value else { return nil }
    return result
  }
}
