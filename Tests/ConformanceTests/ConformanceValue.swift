// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import CEL

/// Values in the notation of the conformance data: an object with one key, which names the type.
enum ConformanceValue {
  /// The CEL value.
  static func value(_ json: Any) throws -> Value {
    guard let (kind, content) = pair(json) else { throw ConformanceRow.Malformed(what: "\(json)") }
    switch (kind, content) {
    case ("null", _): return .null
    case ("bool", let content as Bool): return .bool(content)
    case ("string", let content as String): return .string(content)
    case ("type", let content as String): return .type(TypeName(content))
    case ("list", let content as [Any]): return .list(ListValue(try content.map { try value($0) }))
    case ("map", let content as [Any]): return .map(MapValue(try content.map { try entry($0) }))
    case ("optional", let content): return .optional(content is NSNull ? nil : try value(content))
    case ("enum", let content as [String: Any]): return .int(try integer(content["value"]))
    case ("timestamp", let content as [String: Any]):
      return .timestamp(try timestamp(try integer(content["seconds"]), try integer(content["nanos"])))
    case ("duration", let content as [String: Any]):
      let nanoseconds = try integer(content["nanos"])
      guard let duration = DurationValue(seconds: try integer(content["seconds"]), nanoseconds: nanoseconds)
      else {
        throw ConformanceRow.Malformed(what: "\(json)")
      }
      return .duration(duration)
    case (_, let content as String): return try scalar(kind, content)
    default: throw ConformanceRow.Malformed(what: "\(json)")
    }
  }

  private static func scalar(_ kind: String, _ text: String) throws -> Value {
    var value: Value?
    switch kind {
    case "int": value = Int64(text).map(Value.int)
    case "uint": value = UInt64(text).map(Value.uint)
    case "double": value = double(text).map(Value.double)
    case "bytes": value = Data(base64Encoded: text).map { .bytes(Array($0)) }
    case "k8s.quantity": value = try Quantity(parsing: text).celValue
    case "k8s.ip": value = try IPAddress(parsing: text).celValue
    case "k8s.cidr": value = try AddressRange(parsing: text).celValue
    case "k8s.semver": value = try SemanticVersion(parsing: text).celValue
    // The API server converts strings of these OpenAPI formats.
    case "parsed_duration": value = try computed("duration('\(text)')")
    case "parsed_date": value = try computed("timestamp('\(text)T00:00:00Z')")
    case "parsed_date-time": value = try computed("timestamp('\(text)')")
    default: break
    }
    guard let value else { throw ConformanceRow.Malformed(what: "\(kind) \(text)") }
    return value
  }

  private static func computed(_ expression: String) throws -> Value {
    let environment = Environment()
    var activation = Activation(environment)
    return try environment.compile(expression).evaluate(&activation)
  }

  private static func pair(_ json: Any) -> (String, Any)? {
    guard let object = json as? [String: Any], object.count == 1, let first = object.first else { return nil }
    return (first.key, first.value)
  }

  private static func entry(_ json: Any) throws -> (Value, Value) {
    guard let pair = json as? [Any], pair.count == 2 else { throw ConformanceRow.Malformed(what: "\(json)") }
    return (try value(pair[0]), try value(pair[1]))
  }

  private static func integer(_ json: Any?) throws -> Int64 {
    if let text = json as? String, let value = Int64(text) { return value }
    if let value = json as? Int { return Int64(value) }
    throw ConformanceRow.Malformed(what: "\(json ?? "nothing")")
  }

  private static func double(_ text: String) -> Double? {
    switch text {
    case "NaN": .nan
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: Double(text)
    }
  }

  private static func timestamp(_ seconds: Int64, _ nanoseconds: Int64) throws -> TimestampValue {
    guard let value = TimestampValue(seconds: seconds, nanoseconds: Int32(clamping: nanoseconds)) else {
      throw ConformanceRow.Malformed(what: "timestamp \(seconds)")
    }
    return value
  }

  /// Whether both are the same value of the same type. Numbers are compared more strictly than by CEL's `==`,
  /// and NaN is NaN.
  static func isSame(_ left: Value, _ right: Value) -> Bool {
    switch (left.native, right.native) {
    case (.double(let left), .double(let right)):
      return left == right ? left.sign == right.sign || left != 0 : left.isNaN && right.isNaN
    case (.list(let left), .list(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
    case (.map(let left), .map(let right)):
      return left.count == right.count
        && left.entries.allSatisfy { entry in
          right.entries.contains { isSame(entry.key, $0.key) && isSame(entry.value, $0.value) }
        }
    case (.optional(let left), .optional(let right)):
      guard let left, let right else { return left == nil && right == nil }
      return isSame(left, right)
    case (.opaque(let left), .opaque(let right)):
      // The notation of a quantity is part of its value.
      if let left = left as? Opaque<Quantity>, let right = right as? Opaque<Quantity> {
        return left.wrapped.text == right.wrapped.text
      }
      return left.typeName == right.typeName && left.isEqual(to: right)
    case (let left, let right): return left.typeName == right.typeName && left == right
    }
  }

  /// For messages: `int 5`, `list [string "a"]`.
  static func description(_ value: Value) -> String {
    switch value.native {
    case .list(let list): "[" + list.map { description($0) }.joined(separator: ", ") + "]"
    case .map(let map):
      "{" + map.entries.map { "\(description($0.key)): \(description($0.value))" }.joined(separator: ", ")
        + "}"
    case .optional(let inner): "optional(\(inner.map { description($0) } ?? "none"))"
    case .opaque(let opaque): "\(opaque.typeName) \((opaque as? Opaque<Quantity>)?.wrapped.text ?? "")"
    case let other: "\(other)"
    }
  }
}
