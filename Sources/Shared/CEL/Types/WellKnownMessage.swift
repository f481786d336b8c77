// SPDX-License-Identifier: Apache-2.0

/// The messages of google.protobuf whose literals are plain values: `google.protobuf.Int32Value{value: 1}` is
/// 1.
package enum WellKnownMessage: String, Sendable, CaseIterable {
  case boolValue = "google.protobuf.BoolValue"
  case bytesValue = "google.protobuf.BytesValue"
  case doubleValue = "google.protobuf.DoubleValue"
  case floatValue = "google.protobuf.FloatValue"
  case int32Value = "google.protobuf.Int32Value"
  case int64Value = "google.protobuf.Int64Value"
  case stringValue = "google.protobuf.StringValue"
  case uint32Value = "google.protobuf.UInt32Value"
  case uint64Value = "google.protobuf.UInt64Value"
  case value = "google.protobuf.Value"
  case structValue = "google.protobuf.Struct"
  case listValue = "google.protobuf.ListValue"
  case timestamp = "google.protobuf.Timestamp"
  case duration = "google.protobuf.Duration"
  case any = "google.protobuf.Any"

  /// The type of a literal.
  var type: ValueType {
    switch self {
    case .boolValue: .wrapper(.bool)
    case .bytesValue: .wrapper(.bytes)
    case .doubleValue, .floatValue: .wrapper(.double)
    case .int32Value, .int64Value: .wrapper(.int)
    case .stringValue: .wrapper(.string)
    case .uint32Value, .uint64Value: .wrapper(.uint)
    case .value, .any: .dyn
    case .structValue: .map(.string, .dyn)
    case .listValue: .list(.dyn)
    case .timestamp: .timestamp
    case .duration: .duration
    }
  }

  /// The fields and their types.
  var fields: [String: ValueType] {
    switch self {
    case .boolValue, .bytesValue, .doubleValue, .floatValue, .int32Value, .int64Value, .stringValue,
      .uint32Value, .uint64Value:
      if case .wrapper(let inner) = type { return ["value": inner] }
      return [:]
    case .value:
      return [
        "null_value": .int, "number_value": .double, "string_value": .string, "bool_value": .bool,
        "struct_value": .map(.string, .dyn), "list_value": .list(.dyn),
      ]
    case .structValue: return ["fields": .map(.string, .dyn)]
    case .listValue: return ["values": .list(.dyn)]
    case .timestamp, .duration: return ["seconds": .int, "nanos": .int]
    case .any: return ["type_url": .string, "value": .bytes]
    }
  }

  /// The value of a literal with these fields. A field that is null counts as not set, except in `Value`.
  func make(_ fields: [(name: String, value: Value)]) throws(EvaluationError) -> Value {
    var given: [String: Value] = [:]
    for field in fields {
      guard self.fields[field.name] != nil else { throw EvaluationError(.noSuchField, field.name) }
      given[field.name] = field.value.native
    }
    switch self {
    case .value: return try makeValue(fields)
    case .structValue:
      guard case .map = given["fields"] ?? .map(.empty) else { throw .noMatchingOverload }
      return try JSONForm.of(given["fields"] ?? .map(.empty))
    case .listValue:
      guard case .list = given["values"] ?? .list(.empty) else { throw .noMatchingOverload }
      return try JSONForm.of(given["values"] ?? .list(.empty))
    case .timestamp, .duration: return try makeTime(given)
    case .any: throw EvaluationError(.invalidConversion, "google.protobuf.Any contains no message")
    default: return try makeScalar(given["value"])
    }
  }

  private func makeScalar(_ value: Value?) throws(EvaluationError) -> Value {
    switch (self, value) {
    case (.boolValue, nil): return .bool(false)
    case (.bytesValue, nil): return .bytes([])
    case (.doubleValue, nil), (.floatValue, nil): return .double(0)
    case (.int32Value, nil), (.int64Value, nil): return .int(0)
    case (.uint32Value, nil), (.uint64Value, nil): return .uint(0)
    case (.stringValue, nil): return .string("")
    case (.boolValue, .bool), (.bytesValue, .bytes), (.doubleValue, .double), (.int64Value, .int),
      (.stringValue, .string), (.uint64Value, .uint):
      return value ?? .null
    case (.floatValue, .double(let double)): return .double(Double(Float(double)))
    case (.int32Value, .int(let int)):
      guard Int32(exactly: int) != nil else { throw EvaluationError(.outOfRange, "\(int) is not an int32") }
      return .int(int)
    case (.uint32Value, .uint(let uint)):
      guard UInt32(exactly: uint) != nil else {
        throw EvaluationError(.outOfRange, "\(uint) is not a uint32")
      }
      return .uint(uint)
    default: throw .noMatchingOverload
    }
  }

  private func makeValue(_ fields: [(name: String, value: Value)]) throws(EvaluationError) -> Value {
    guard let field = fields.last else { return .null }
    guard fields.count == 1 else {
      throw .invalidArgument("google.protobuf.Value must have exactly one field")
    }
    switch (field.name, field.value.native) {
    case ("null_value", .int(0)), ("null_value", .null): return .null
    case ("number_value", .double), ("string_value", .string), ("bool_value", .bool): return field.value
    case ("list_value", .list), ("struct_value", .map): return try JSONForm.of(field.value)
    default: throw .noMatchingOverload
    }
  }

  private func makeTime(_ given: [String: Value]) throws(EvaluationError) -> Value {
    guard case .int(let seconds) = given["seconds"] ?? .int(0),
      case .int(let nanos) = given["nanos"] ?? .int(0)
    else { throw .noMatchingOverload }
    if self == .timestamp {
      guard let nanoseconds = Int32(exactly: nanos),
        let result = TimestampValue(seconds: seconds, nanoseconds: nanoseconds)
      else { throw EvaluationError(.outOfRange, "timestamp") }
      return .timestamp(result)
    }
    guard let result = DurationValue(seconds: seconds, nanoseconds: nanos) else {
      throw EvaluationError(.outOfRange, "duration")
    }
    return .duration(result)
  }
}

/// Converts a value for a `Struct`, `ListValue` or `Value`, which hold JSON. Numbers become doubles, or
/// strings if a double cannot represent them exactly. Bytes and times become strings.
private enum JSONForm {
  private static let exact: Int64 = 1 << 53

  static func of(_ value: Value) throws(EvaluationError) -> Value {
    switch value.native {
    case .null, .bool, .double, .string: return value
    case .int(let int): return int.magnitude < UInt64(exact) ? .double(Double(int)) : .string(String(int))
    case .uint(let uint): return uint < UInt64(exact) ? .double(Double(uint)) : .string(String(uint))
    case .bytes(let bytes): return .string(Base64.encode(bytes))
    case .timestamp(let time): return .string(time.description)
    case .duration(let span): return .string(span.description)
    case .list(let list):
      var elements: [Value] = []
      for element in list { elements.append(try of(element)) }
      return .list(ListValue(elements))
    case .map(let map):
      var entries: [(Value, Value)] = []
      for entry in map.entries {
        guard case .string = entry.key else {
          throw EvaluationError(.unsupportedKeyType, "a key of a Struct must be a string")
        }
        entries.append((entry.key, try of(entry.value)))
      }
      return .map(MapValue(entries))
    default: throw EvaluationError(.invalidConversion, "\(value.typeName) cannot be written as JSON")
    }
  }
}
