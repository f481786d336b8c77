// SPDX-License-Identifier: Apache-2.0

package import CEL
package import JSON

/// The object types of an OpenAPI v3 document, as a server's `/openapi/v3` has them for built-in and custom resources.
package struct OpenAPISchema: ObjectSchema {
  /// Why a document cannot be used.
  package struct SchemaError: Error, CustomStringConvertible {
    package var description: String
  }

  /// A type with fields.
  private struct ObjectType {
    var fields: [String: ObjectField]
    /// Keys that are not declared are allowed.
    var isOpen: Bool
  }

  package let rootType: String
  private var types: [String: ObjectType] = [:]
  /// The names of components in messages, if they differ.
  private var shortNames: [String: String] = [:]
  private let components: [String: JSONValue]

  /// Reads a document. Its top-level `x-schema` names the resource's schema; else it is the only one with a group, version and kind.
  package init(_ document: JSONValue) throws(SchemaError) {
    let members = document["components"]?["schemas"]?.members ?? []
    guard !members.isEmpty else {
      throw SchemaError(
        description:
          "it is not an OpenAPI v3 document with components.schemas: kwatch RESOURCE --schema prints one")
    }
    components = Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    let root = try Self.root(of: document, components)
    var taken: Set<String> = []
    for name in [root] + components.keys.sorted() where shortNames[name] == nil {
      let last = name.split(separator: ".").last.map(String.init) ?? name
      shortNames[name] = taken.insert(last).inserted ? last : name
    }
    rootType = shortNames[root] ?? root
    for (name, schema) in components { declare(shortNames[name] ?? name, schema) }
    // Every Kubernetes object has these fields, even if its schema omits them.
    for name in ["apiVersion", "kind", "metadata"] where types[rootType]?.fields[name] == nil {
      types[rootType, default: ObjectType(fields: [:], isOpen: true)].fields[name] = ObjectField(.dyn)
    }
  }

  package func field(_ name: String, of type: String) -> ObjectField? {
    guard let found = types[type] else { return ObjectField(.dyn) }
    return found.fields[name] ?? (found.isOpen ? ObjectField(.dyn) : nil)
  }

  package func fieldNames(of type: String) -> [String] { types[type].map { Array($0.fields.keys) } ?? [] }

  private static let referencePrefix = "#/components/schemas/"

  private static func root(
    of document: JSONValue, _ components: [String: JSONValue]
  ) throws(SchemaError) -> String {
    if let named = document["x-schema"]?.string {
      let name = named.hasPrefix(referencePrefix) ? String(named.dropFirst(referencePrefix.count)) : named
      guard components[name] != nil else {
        throw SchemaError(description: "x-schema names '\(name)', which the document does not contain")
      }
      return name
    }
    var roots = components.filter { $0.value["x-kubernetes-group-version-kind"] != nil }.keys.sorted()
    if roots.count > 1 {
      // Lists, and the types that every group has.
      roots.removeAll { name in
        name.hasSuffix("List")
          || (components[name]?["x-kubernetes-group-version-kind"]?.elements.count ?? 0) > 1
          || name.contains(".meta.v1.")
      }
    }
    guard roots.count == 1, let root = roots.first else {
      let names = roots.isEmpty ? "none" : roots.prefix(5).joined(separator: ", ")
      throw SchemaError(
        description: "it must declare exactly one resource, or name one with x-schema; it declares \(names)")
    }
    return root
  }

  /// Declares the object type of a schema, and those of the objects inside.
  private mutating func declare(_ name: String, _ schema: JSONValue) {
    guard let properties = schema["properties"]?.members, !properties.isEmpty, types[name] == nil else {
      return
    }
    let isOpen =
      schema["x-kubernetes-preserve-unknown-fields"]?.bool == true || schema["additionalProperties"] != nil
    types[name] = ObjectType(fields: [:], isOpen: isOpen)
    var fields: [String: ObjectField] = [:]
    for property in properties where fields[property.key] == nil {
      fields[property.key] = field(property.value, name: "\(name).\(property.key)")
    }
    types[name]?.fields = fields
  }

  private mutating func field(_ schema: JSONValue, name: String) -> ObjectField {
    let schema = resolved(schema)
    let type = self.type(schema.value, name: schema.name ?? name)
    guard type == .string, let values = schema.value["enum"]?.strings else { return ObjectField(type) }
    return ObjectField(type, allowedValues: values)
  }

  /// The target of a reference, which is alone or the only part of an `allOf`, and the name of the component.
  private func resolved(_ schema: JSONValue) -> (value: JSONValue, name: String?) {
    let parts = schema["allOf"]?.elements ?? []
    let reference = schema["$ref"]?.string ?? (parts.count == 1 ? parts[0]["$ref"]?.string : nil)
    guard let reference, reference.hasPrefix(Self.referencePrefix) else { return (schema, nil) }
    let name = String(reference.dropFirst(Self.referencePrefix.count))
    return (components[name] ?? .null, shortNames[name])
  }

  private mutating func type(_ schema: JSONValue, name: String) -> ValueType {
    if schema["x-kubernetes-int-or-string"]?.bool == true || schema["format"]?.string == "int-or-string" {
      return .dyn
    }
    let isNullable = schema["nullable"]?.bool == true
    switch schema["type"]?.string {
    case "string": return isNullable ? .wrapper(.string) : .string
    case "integer": return isNullable ? .wrapper(.int) : .int
    case "boolean": return isNullable ? .wrapper(.bool) : .bool
    case "array":
      guard !isNullable, let items = schema["items"] else { return isNullable ? .dyn : .list(.dyn) }
      let element = resolved(items)
      return .list(type(element.value, name: element.name ?? "\(name)[]"))
    case "object" where !isNullable:
      if schema["properties"]?.members.isEmpty == false {
        declare(name, schema)
        return .object(name)
      }
      guard let values = schema["additionalProperties"], case .object = values else { return .dyn }
      let value = resolved(values)
      return .map(.string, type(value.value, name: value.name ?? "\(name){}"))
    // At run time the JSON number 5 is an int, even if the schema declares a number.
    default: return .dyn
    }
  }
}
