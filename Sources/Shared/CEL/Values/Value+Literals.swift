// SPDX-License-Identifier: Apache-2.0

/// Swift literals as values: `["name": "web", "replicas": 3, "ready": true, "node": .null]`.
///
/// `nil` is not a literal for null, because it would be ambiguous where a `Value?` is expected, as in
/// ``optional(_:)``.
extension Value: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  /// A bool.
  public init(booleanLiteral value: Bool) { self = .bool(value) }

  /// An int.
  public init(integerLiteral value: Int64) { self = .int(value) }

  /// A double.
  public init(floatLiteral value: Double) { self = .double(value) }

  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }

  /// A list.
  public init(arrayLiteral elements: Value...) { self = .list(ListValue(elements)) }

  /// A map. A repeated key keeps its first value.
  public init(dictionaryLiteral elements: (Value, Value)...) { self = .map(MapValue(elements)) }
}
