// SPDX-License-Identifier: Apache-2.0

import CEL
import Events

/// The types of `self`, `old` and `source` beside those of a schema: a line is an event around an object of
/// the schema, or the object itself.
struct LineTypes: ObjectTypeProvider {
  static let line = "line"
  static let source = "source"

  let schema: any ObjectSchema

  func field(_ name: String, of type: String) -> ObjectField? {
    switch (type, name) {
    case (Self.line, "object"): ObjectField(.object(schema.rootType))
    case (Self.line, "source"): ObjectField(.object(Self.source))
    case (Self.line, "type"):
      // For example, a Secret has its own `type`.
      schema.field(name, of: schema.rootType) == nil
        ? ObjectField(.string, allowedValues: EventType.allCases.map(\.rawValue)) : ObjectField(.dyn)
    case (Self.line, _): schema.field(name, of: schema.rootType)
    case (Self.source, _): Self.sourceFields[name].map { ObjectField($0) }
    default: schema.field(name, of: type)
    }
  }

  func fieldNames(of type: String) -> [String] {
    switch type {
    case Self.line: ["type", "object", "source"] + schema.fieldNames(of: schema.rootType)
    case Self.source: Array(Self.sourceFields.keys)
    default: schema.fieldNames(of: type)
    }
  }

  /// The fields that kwatch and natswatch write, see watchutils(7).
  private static let sourceFields: [String: ValueType] = [
    "cluster": .string, "resource": .string, "namespace": .string,
    "stream": .string, "epoch": .string, "subject": .string, "sequence": .int, "time": .string,
    "headers": .map(.string, .dyn), "pending": .int, "payload": .dyn,
  ]
}
