// SPDX-License-Identifier: Apache-2.0

extension Checker {
  mutating func call(
    _ expression: Expr, _ target: Expr?, _ function: String, _ arguments: [Expr]
  ) throws(CheckError) -> ValueType {
    if function == "_?._", target == nil, arguments.count == 2 {
      return try optionalSelect(expression, arguments)
    }
    guard let target else {
      guard let overloads = resolver.function(function) else {
        return try undeclared(expression, function, isMember: false, arguments)
      }
      return try resolve(expression, function, overloads, isMember: false, arguments)
    }
    // A function in a namespace, such as `optional.of(x)`: the target is part of its name, not an expression.
    if let namespace = qualifiedName(target), let overloads = resolver.function("\(namespace).\(function)") {
      return try resolve(expression, "\(namespace).\(function)", overloads, isMember: false, arguments)
    }
    guard let overloads = resolver.function(function) else {
      return try undeclared(expression, function, isMember: true, [target] + arguments)
    }
    return try resolve(expression, function, overloads, isMember: true, [target] + arguments)
  }

  /// Reports a call of an undeclared function. A lenient checker still resolves the names in its arguments.
  private mutating func undeclared(
    _ expression: Expr, _ function: String, isMember: Bool, _ arguments: [Expr]
  ) throws(CheckError) -> ValueType {
    if isLenient {
      for argument in arguments { _ = try check(argument) }
      return .dyn
    }
    let name = CallText.name(function)
    let given = arguments.count - (isMember ? 1 : 0)
    let counts = resolver.environment.declarations.macros.keys.filter {
      $0.name == function && $0.isMember == isMember
    }.compactMap(\.argumentCount)
    if !counts.isEmpty, !counts.contains(given) {
      let wanted = counts.sorted().map(String.init).joined(separator: " or ")
      let example = isMember ? ", as in list.\(name)(x, x > 1)" : ""
      return try fail(
        expression.offset,
        "\(name)() takes \(wanted) argument\(wanted == "1" ? "" : "s")\(example), not \(given)",
        code: .undeclared)
    }
    if let reason = Foreign.reason(function, isMember ? arguments.first : nil) {
      return try fail(expression.offset, "undeclared function '\(name)': \(reason)", code: .undeclared)
    }
    if !isMember, resolver.environment.declarations.macros.keys.contains(where: { $0.name == function }) {
      return try fail(
        expression.offset, "\(name) is called on a list or map: list.\(name)(x, …)", code: .undeclared)
    }
    if arguments.count == (isMember ? 1 : 0), resolver.environment.slots[function] != nil {
      return try fail(
        expression.offset, "'\(name)' is a variable: write it without parentheses", code: .undeclared,
        suggestion: name)
    }
    if isMember, let target = arguments.first { _ = try check(target) }
    return try fail(
      expression.offset, "undeclared function '\(name)'\(inContainer)", code: .undeclared,
      suggestion: resolver.suggestion(forFunction: function, isMember: isMember))
  }

  private mutating func resolve(
    _ expression: Expr, _ function: String, _ overloads: [Overload], isMember: Bool, _ arguments: [Expr]
  ) throws(CheckError) -> ValueType {
    var argumentTypes: [ValueType] = []
    for argument in arguments { argumentTypes.append(try check(argument)) }
    if case .object? = argumentTypes.first.map({ unifier.resolve($0) }),
      let field = try indexedField(expression, function, overloads, arguments, argumentTypes)
    {
      return field
    }
    var applicable: [Overload] = []
    var result: ValueType?
    for overload in overloads
    where overload.isMember == isMember && overload.parameters.count == arguments.count {
      let fresh = unifier.instantiate(overload.parameters + [overload.result])
      guard unifier.assign(argumentTypes, to: Array(fresh.dropLast())) else { continue }
      applicable.append(overload)
      let this = unifier.resolve(fresh[fresh.count - 1])
      if let known = result, known != .dyn, known != this {
        result = .dyn
      } else if result == nil {
        result = this
      }
    }
    references[expression.id] = .overloads(applicable)
    if let result {
      try checkComparison(function, arguments, argumentTypes)
      return result
    }
    if let bare = bareTypeName(in: arguments) { return try fail(bare.offset, bare.message) }
    let shown = argumentTypes.map { unifier.resolve($0, unknownAsDyn: true) }
    return try fail(
      expression.offset,
      CallText.mismatch(function, isMember: isMember, shown, overloads)
        + MismatchHint.hint(function, arguments, shown))
  }

  private mutating func optionalSelect(_ expression: Expr, _ arguments: [Expr]) throws(CheckError)
    -> ValueType
  {
    guard case .literal(.string(let field)) = arguments[1].kind else {
      return try fail(arguments[1].offset, "expected the name of a key")
    }
    let type = unifier.resolve(try check(arguments[0]))
    types[arguments[1].id] = .string
    return try member(of: type, field, expression, isOptional: true)
  }

  /// The type of `object["field"]` if the operand has an object type; nil for any other index.
  private mutating func indexedField(
    _ expression: Expr, _ function: String, _ overloads: [Overload], _ arguments: [Expr], _ types: [ValueType]
  ) throws(CheckError) -> ValueType? {
    guard function == "_[_]" || function == "_[?_]", arguments.count == 2,
      case .literal(.string(let field)) = arguments[1].kind
    else { return nil }
    references[expression.id] = .overloads(overloads.filter { $0.parameters[0].runtimeName == .map })
    let type = unifier.resolve(types[0])
    return try member(of: type, field, expression, isOptional: function == "_[?_]")
  }

  /// Refuses to compare a field with a string that is not among its allowed values, and accepts type names
  /// that are compared with a type.
  private mutating func checkComparison(
    _ function: String, _ arguments: [Expr], _ argumentTypes: [ValueType]
  ) throws(CheckError) {
    if function == "type", let argument = arguments.first { acceptTypeNames(in: argument) }
    guard arguments.count == 2, ["_==_", "_!=_", "@in"].contains(function) else { return }
    for (this, other) in [(0, 1), (1, 0)] {
      if let allowed = allowedValues[arguments[this].id] {
        for candidate in arguments[other].literals { try checkValue(candidate, allowed) }
      }
      if case .type = unifier.resolve(argumentTypes[this]), bareTypeName(in: [arguments[this]]) == nil {
        acceptTypeNames(in: arguments[other])
      }
    }
  }

  private mutating func checkValue(_ expression: Expr, _ allowed: [String]) throws(CheckError) {
    guard case .literal(.string(let text)) = expression.kind, !allowed.contains(text) else { return }
    let shown = allowed.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
    _ = try fail(
      expression.offset,
      "the field is never '\(text)': it is one of \(shown)\(allowed.count > 8 ? ", …" : "")",
      suggestion: Suggestion.nearest(to: text, among: allowed))
  }
}

extension Expr {
  /// The expression itself, or the elements of a list literal.
  fileprivate var literals: [Expr] {
    if case .list(let elements) = kind { return elements.map(\.value) }
    return [self]
  }
}

/// The form of calls in messages.
enum CallText {
  /// `_+_` as it is written in an expression.
  static func name(_ function: String) -> String {
    switch function {
    case "_[_]": return "[]"
    case "_[?_]": return "[?]"
    case "_?_:_": return "?:"
    case "@in": return "in"
    default:
      let trimmed = function.filter { $0 != "_" }
      return function.contains { $0.isLetter } || trimmed.isEmpty ? function : trimmed
    }
  }

  /// The name of a type, shortened to fit a line.
  private static func brief(_ type: ValueType) -> String {
    let text = type.description
    return text.utf8.count <= 60 ? text : text.prefix(59) + "…"
  }

  static func mismatch(
    _ function: String, isMember: Bool, _ types: [ValueType], _ overloads: [Overload]
  ) -> String {
    let call: String
    if isMember {
      let arguments = types.dropFirst().map(brief).joined(separator: ", ")
      call = "\(brief(types[0])).\(function)(\(arguments))"
    } else if types.count == 2, function != name(function) || function.hasPrefix("@") {
      let (left, right) = (brief(types[0]), brief(types[1]))
      call = function == "_[_]" ? "\(left)[\(right)]" : "\(left) \(name(function)) \(right)"
    } else {
      call = "\(name(function))(\(types.map(brief).joined(separator: ", ")))"
    }
    let two = ["min": "math.least(a, b)", "max": "math.greatest(a, b)"][function]
    let other = two.map { ", or \($0)" } ?? ""
    let counts = Set(
      overloads.filter { $0.isMember == isMember }.map { $0.parameters.count - (isMember ? 1 : 0) })
    let given = types.count - (isMember ? 1 : 0)
    if !counts.isEmpty, !counts.contains(given) {
      if let two { return "\(function)() is a function of a list: write list.\(function)(), or \(two)" }
      let wanted = counts.sorted().map(String.init).joined(separator: " or ")
      return
        "\(name(function))() takes \(wanted) argument\(wanted == "1" ? "" : "s"), not \(given)"
    }
    if counts.isEmpty, !overloads.isEmpty {
      guard !isMember else { return "\(function) is called as \(function)(…), not on a value" }
      return "\(function) is called on a value: x.\(function)(…)\(other)"
    }
    return "no matching overload: \(call)"
  }
}
