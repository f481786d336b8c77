// SPDX-License-Identifier: Apache-2.0

/// The object types of an environment, such as those of an OpenAPI schema.
///
/// A variable of type ``ValueType/object(_:)`` has the fields that the provider declares for that name. The checker asks
/// for one field at a time, so a provider may hold types that refer to each other or to themselves.
///
/// ```swift
/// let types: ObjectTypes = [
///   "Pod": ["status": ObjectField(.object("Status"))],
///   "Status": ["phase": ObjectField(.string, allowedValues: ["Pending", "Running"]), "replicas": ObjectField(.int)],
/// ]
/// let environment = Environment(variables: [Variable("object", .object("Pod"))], objectTypes: types)
/// try environment.compile("object.status.phse == 'Running'")
/// // 1:14: 'Status' has no field 'phse', did you mean 'phase'?
/// ```
///
/// Only the checker uses it. At evaluation, values of these types are plain maps, and reading a field that
/// the data lacks fails with `noSuchKey`.
public protocol ObjectTypeProvider: Sendable {
  /// A field of a type, or nil if the type has no such field.
  ///
  /// A type that allows undeclared keys returns `ObjectField(.dyn)` for them.
  func field(_ name: String, of type: String) -> ObjectField?

  /// The names of all declared fields of a type, for suggestions.
  func fieldNames(of type: String) -> [String]
}

/// A field of an object type.
public struct ObjectField: Sendable {
  /// The type of the field's value. Use `.wrapper` for a scalar that may be null.
  public let type: ValueType
  /// The allowed values of a string field, as in an OpenAPI `enum`; empty if any string is allowed.
  public let allowedValues: [String]

  /// Creates a field.
  public init(_ type: ValueType, allowedValues: [String] = []) {
    self.type = type
    self.allowedValues = allowedValues
  }
}

/// Object types from a table that holds the fields of each type, by name.
public struct ObjectTypes: ObjectTypeProvider, ExpressibleByDictionaryLiteral {
  private let types: [String: [String: ObjectField]]

  /// Creates the types from the fields of each type.
  public init(_ types: [String: [String: ObjectField]]) { self.types = types }

  /// Creates the types from the fields of each type.
  public init(dictionaryLiteral elements: (String, [String: ObjectField])...) {
    self.init(Dictionary(elements, uniquingKeysWith: { first, _ in first }))
  }

  /// The field; nil if the table lacks the type or the field.
  public func field(_ name: String, of type: String) -> ObjectField? { types[type]?[name] }

  /// The names of the type's fields in the table.
  public func fieldNames(of type: String) -> [String] { Array(types[type, default: [:]].keys) }
}
