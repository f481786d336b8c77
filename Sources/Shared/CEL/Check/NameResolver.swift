// SPDX-License-Identifier: Apache-2.0

/// Resolves names, from the innermost namespace of the container to the outermost.
struct NameResolver {
  let environment: Environment

  /// The full names that a name can stand for, in the order of lookup. In container `a.b`, `x` can be
  /// `a.b.x`, `a.x` or `x`. A name with a leading dot is already full.
  static func candidates(_ name: String, container: String) -> [String] {
    if name.hasPrefix(".") { return [String(name.dropFirst())] }
    guard !container.isEmpty else { return [name] }
    var result: [String] = []
    var parts = container.split(separator: ".", omittingEmptySubsequences: false)
    while !parts.isEmpty {
      result.append(parts.joined(separator: ".") + "." + name)
      parts.removeLast()
    }
    return result + [name]
  }

  func candidates(_ name: String) -> [String] { Self.candidates(name, container: environment.container) }

  /// A variable, constant or type.
  func identifier(_ name: String) -> (reference: CheckedExpression.Reference, type: ValueType)? {
    for candidate in candidates(name) {
      if let slot = environment.slots[candidate] {
        return (.variable(slot: slot), environment.variables[slot].type)
      }
      if let constant = environment.declarations.constants[candidate] {
        return (.constant(constant.value), constant.type)
      }
      if let type = environment.declarations.types[candidate] {
        return (.constant(.type(type.runtimeName ?? TypeName(candidate))), .type(type))
      }
    }
    return nil
  }

  /// A function's overloads.
  func function(_ name: String) -> [Overload]? {
    for candidate in candidates(name) {
      if let overloads = environment.declarations.functions[candidate] { return overloads }
    }
    return nil
  }

  /// The name of a message type of google.protobuf that has literals.
  func message(_ name: String) -> WellKnownMessage? {
    for candidate in candidates(name) {
      if let message = WellKnownMessage(rawValue: candidate) { return message }
    }
    return nil
  }

  /// A declared name that is similar to an undeclared one.
  func suggestion(forIdentifier name: String, locals: [String]) -> String? {
    // `.status`, as in jq.
    if name.hasPrefix("."), environment.options.fallbackVariable != nil { return String(name.dropFirst()) }
    let declared =
      environment.variables.map(\.name) + Array(environment.declarations.constants.keys)
      + Array(environment.declarations.types.keys)
    return Suggestion.nearest(to: name, among: locals + declared.sorted())
  }

  /// Functions of other languages, with their names in CEL.
  private static let otherLanguages = [
    "int64": "int", "int32": "int", "integer": "int", "float64": "double", "Number": "double",
    "boolean": "bool", "Boolean": "bool", "String": "string", "isNaN": "math.isNaN", "isnan": "math.isNaN",
    "datetime": "timestamp", "regexMatch": "matches", "regex_match": "matches", "head": "first",
    "len": "size", "length": "size", "any": "exists", "some": "exists", "every": "all",
    "test": "matches", "match": "matches", "lower": "lowerAscii", "toLower": "lowerAscii",
    "upper": "upperAscii",
    "toUpper": "upperAscii", "number": "int", "str": "string", "toLowerCase": "lowerAscii",
    "toUpperCase": "upperAscii", "ascii_downcase": "lowerAscii", "ascii_upcase": "upperAscii",
    "tostring": "string",
    "tonumber": "double", "parseInt": "int", "parseFloat": "double", "float": "double", "typeof": "type",
    "abs": "math.abs", "floor": "math.floor", "ceil": "math.ceil", "round": "math.round", "sqrt": "math.sqrt",
    "date": "timestamp", "Date": "timestamp", "re_match": "matches", "strip": "trim",
    "quote": "strings.quote",
    "tojson": "json.encode", "uniq": "distinct", "unique": "distinct", "hasPrefix": "startsWith",
    "hasSuffix": "endsWith", "find_all": "findAll", "uppercased": "upperAscii", "lowercased": "lowerAscii",
    "uppercase": "upperAscii", "lowercase": "lowerAscii", "toupper": "upperAscii", "tolower": "lowerAscii",
    "HasPrefix": "startsWith", "HasSuffix": "endsWith", "regex": "matches", "regexp": "matches",
    "rlike": "matches", "search": "find", "trim_start": "trim", "trim_end": "trim", "trimStart": "trim",
    "trimEnd": "trim", "ltrim": "trim", "rtrim": "trim", "lstrip": "trim", "rstrip": "trim",
  ]

  func suggestion(forFunction name: String, isMember: Bool) -> String? {
    var names = environment.declarations.functions.filter { _, overloads in
      overloads.contains { $0.isMember == isMember }
    }.map(\.key).filter { $0.first?.isLetter ?? false }
    names += environment.declarations.macros.keys.filter { $0.isMember == isMember }.map(\.name)
    if let meant = Self.otherLanguages[name], names.contains(meant) { return meant }
    return Suggestion.nearest(to: name, among: names.sorted())
  }
}
