// SPDX-License-Identifier: Apache-2.0

@testable import CEL

/// The environment that a row needs: the libraries of its file, and the variables and functions that it
/// declares.
enum ConformanceEnvironment {
  static func environment(for row: ConformanceRow) throws -> Environment {
    let dialect = dialect(of: row.suite)
    var options = Environment.Options(dialect)
    options.macros = !row.flag("disable_macros")
    options.checks = !row.flag("disable_check")
    var variables: [String: ValueType] = [:]
    var functions: [(name: String, overloads: [Overload])] = []
    for declaration in row.list("type_env") {
      guard let declaration = declaration as? [String: Any], let name = declaration["name"] as? String else {
        throw ConformanceRow.Malformed(what: "type_env")
      }
      if let type = declaration["ident"] as? String {
        variables[name] = try self.type(type)
      } else if let overloads = declaration["function"] as? [[String: Any]] {
        functions.append((name, try overloads.map { try overload($0) }))
      }
    }
    // Rows from Go's tables have no types for their variables.
    for (name, binding) in row.object("bindings") where variables[name] == nil {
      variables[name] = .dyn
      for (field, type) in typesOfEmptyLists(in: binding) { variables["\(name).\(field)"] = type }
    }
    let declared = DeclaredFunctions(functions: functions)
    return Environment(
      variables: variables.sorted { $0.key < $1.key }.map { Variable($0.key, $0.value) },
      container: row.text("container") ?? "", libraries: StandardLibraries.libraries(dialect) + [declared],
      options: options)
  }

  /// The dialect of the implementation from which a file was taken.
  private static func dialect(of file: String) -> Dialect {
    if file.hasPrefix("k8s-") { return .kubernetes }
    return file.hasPrefix("ext-") || file.hasPrefix("go-") ? .celGo : .specification
  }

  /// The types of empty lists. The API server knows them from a schema, which the data does not have: a field
  /// such as `emptyDurations` has the type of its sibling `durations`.
  private static func typesOfEmptyLists(in binding: Any) -> [(field: String, type: ValueType)] {
    guard case .map(let map)? = try? ConformanceValue.value(binding) else { return [] }
    return map.entries.compactMap { entry in
      guard case .string(let name) = entry.key, case .list(let list) = entry.value, list.isEmpty,
        name.hasPrefix("empty"),
        case .list(let sibling)? = map[.string(name.dropFirst(5).prefix(1).lowercased() + name.dropFirst(6))]
      else { return nil }
      switch sibling.first {
      case .int: return (name, .list(.int))
      case .uint: return (name, .list(.uint))
      case .double: return (name, .list(.double))
      case .string: return (name, .list(.string))
      case .duration: return (name, .list(.duration))
      case .timestamp: return (name, .list(.timestamp))
      default: return nil
      }
    }
  }

  private struct DeclaredFunctions: Library {
    let name = "declared by the row"
    let functions: [(name: String, overloads: [Overload])]

    func declare(in declarations: inout Declarations) {
      for function in functions { declarations.function(function.name, function.overloads) }
    }
  }

  private static func overload(_ json: [String: Any]) throws -> Overload {
    guard let id = json["overload_id"] as? String, let parameters = json["params"] as? [String],
      let result = json["result"] as? String
    else { throw ConformanceRow.Malformed(what: "\(json)") }
    return Overload(
      id, member: (json["member"] as? Bool) ?? false, try parameters.map { try type($0) },
      returns: try type(result), nil)
  }

  // MARK: - Types

  static func type(_ text: String) throws -> ValueType {
    var rest = Substring(text)
    let type = try readType(&rest)
    guard rest.isEmpty else { throw ConformanceRow.Malformed(what: "type \(text)") }
    return type
  }

  private static func readType(_ rest: inout Substring) throws -> ValueType {
    while rest.first == " " { rest.removeFirst() }
    if rest.first == "<" {
      let name = rest.dropFirst().prefix { $0 != ">" }
      rest = rest[name.endIndex...].dropFirst()
      return .parameter(String(name))
    }
    let name = rest.prefix { !"(),<> ".contains($0) }
    rest = rest[name.endIndex...]
    var arguments: [ValueType] = []
    if rest.first == "(" {
      repeat {
        rest.removeFirst()
        arguments.append(try readType(&rest))
      } while rest.first == ","
      guard rest.first == ")" else { throw ConformanceRow.Malformed(what: "type") }
      rest.removeFirst()
    }
    return named(String(name), arguments)
  }

  private static func named(_ name: String, _ arguments: [ValueType]) -> ValueType {
    switch (name, arguments.count) {
    case ("list", 1): .list(arguments[0])
    case ("map", 2): .map(arguments[0], arguments[1])
    case ("wrapper", 1): .wrapper(arguments[0])
    case ("type", _): .type(arguments.first ?? .dyn)
    case ("optional_type", 1): .optional(arguments[0])
    default: simple[name] ?? .opaque(name, arguments)
    }
  }

  private static let simple: [String: ValueType] = [
    "bool": .bool, "int": .int, "uint": .uint, "double": .double, "string": .string, "bytes": .bytes,
    "null_type": .null, "dyn": .dyn, "any": .dyn, "timestamp": .timestamp, "duration": .duration,
    "list": .dynList,
    "map": .dynMap, "google.protobuf.Timestamp": .timestamp, "google.protobuf.Duration": .duration,
    "google.protobuf.Value": .dyn, "google.protobuf.Any": .dyn, "google.protobuf.ListValue": .dynList,
    "google.protobuf.Struct": .map(.string, .dyn), "google.protobuf.BoolValue": .wrapper(.bool),
    "google.protobuf.Int32Value": .wrapper(.int), "google.protobuf.Int64Value": .wrapper(.int),
    "google.protobuf.UInt32Value": .wrapper(.uint), "google.protobuf.UInt64Value": .wrapper(.uint),
    "google.protobuf.FloatValue": .wrapper(.double), "google.protobuf.DoubleValue": .wrapper(.double),
    "google.protobuf.StringValue": .wrapper(.string), "google.protobuf.BytesValue": .wrapper(.bytes),
    "google.protobuf.NullValue": .null,
  ]
}
