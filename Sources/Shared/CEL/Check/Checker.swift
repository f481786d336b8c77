// SPDX-License-Identifier: Apache-2.0

/// Finds the type of every node, what every name means, and which overloads every call can take.
///
/// Lenient, for expressions that are not to be checked, it finds names only: every type is dyn, and what is wrong
/// is left for running to fail at.
struct Checker {
  let resolver: NameResolver
  let isLenient: Bool
  var unifier = TypeUnifier()
  var types: [Int: ValueType] = [:]
  var references: [Int: CheckedExpression.Reference] = [:]
  /// Variables of the comprehensions around, innermost last.
  var locals: [(name: String, type: ValueType)] = []

  /// A fault at a node.
  struct Fault: Error {
    let offset: Int
    let message: String
    var code = CompileError.Code.type
    var suggestion: String?
  }

  init(_ environment: Environment) {
    self.resolver = NameResolver(environment: environment)
    self.isLenient = !environment.options.checks
  }

  /// Checks a whole tree, and puts the final types in the place of type variables.
  mutating func run(_ root: Expr) throws(Fault) {
    _ = try check(root)
    types = types.mapValues { unifier.resolve($0, unknownAsDyn: true) }
  }

  mutating func check(_ expression: Expr) throws(Fault) -> ValueType {
    let type = try infer(expression)
    types[expression.id] = isLenient ? .dyn : type
    return isLenient ? .dyn : type
  }

  private mutating func infer(_ expression: Expr) throws(Fault) -> ValueType {
    switch expression.kind {
    case .literal(let value): return value.literalType
    case .identifier(let name): return try identifier(expression, name)
    case .select(let operand, let field, let testOnly):
      return try select(expression, operand, field, testOnly)
    case .call(let target, let function, let arguments):
      return try call(expression, target, function, arguments)
    case .list(let elements): return try list(elements)
    case .map(let entries): return try map(entries)
    case .message(let name, let fields): return try message(expression, name, fields)
    case .comprehension(let fold): return try comprehension(fold)
    }
  }

  /// Fails, unless lenient: then the node is dyn.
  func fail(
    _ offset: Int, _ message: String, code: CompileError.Code = .type, suggestion: String? = nil
  ) throws(Fault) -> ValueType {
    guard !isLenient else { return .dyn }
    throw Fault(offset: offset, message: message, code: code, suggestion: suggestion)
  }

  // MARK: - Names

  func isLocal(_ name: String) -> Bool { locals.contains { $0.name == name } }

  private mutating func identifier(_ expression: Expr, _ name: String) throws(Fault) -> ValueType {
    if let local = locals.last(where: { $0.name == name }) {
      references[expression.id] = .local(name)
      return local.type
    }
    if let found = resolver.identifier(name) {
      references[expression.id] = found.reference
      return found.type
    }
    if resolver.environment.options.fallbackVariable != nil, !name.hasPrefix(".") { return .dyn }
    return try fail(
      expression.offset, "undeclared reference to '\(name)'\(inContainer)", code: .undeclared,
      suggestion: resolver.suggestion(forIdentifier: name, locals: locals.map(\.name)))
  }

  var inContainer: String {
    resolver.environment.container.isEmpty ? "" : " (in container '\(resolver.environment.container)')"
  }

  /// The name of a chain of selections, when its first part is no local variable, so that it may be qualified.
  func qualifiedName(_ expression: Expr) -> String? {
    guard let name = expression.qualifiedName(parts: resolver.environment.longestName) else { return nil }
    return isLocal(String(name.prefix { $0 != "." })) && !name.hasPrefix(".") ? nil : name
  }

  // MARK: - Selection

  private mutating func select(
    _ expression: Expr, _ operand: Expr, _ field: String, _ testOnly: Bool
  ) throws(Fault) -> ValueType {
    if !testOnly, let name = qualifiedName(expression), let found = resolver.identifier(name) {
      references[expression.id] = found.reference
      return found.type
    }
    let type = unifier.resolve(try check(operand))
    let result = try member(of: type, field, at: expression.offset, isOptional: false)
    return testOnly ? .bool : result
  }

  /// The type of a member; optional when asked so, or when it is taken from an optional.
  mutating func member(
    of type: ValueType, _ field: String, at offset: Int, isOptional: Bool
  ) throws(Fault) -> ValueType {
    if case .optional(let inner) = type {
      return .optional(try member(of: unifier.resolve(inner), field, at: offset, isOptional: false))
    }
    let result: ValueType
    switch type {
    case .map(_, let value): result = value
    case .dyn: result = .dyn
    case .parameter:
      // What the variable stands for shall not be narrowed later to something without members.
      _ = unifier.assign(.dyn, to: type)
      result = .dyn
    default:
      return try fail(offset, "type '\(type)' has no members: '.\(field)' cannot be selected")
    }
    return isOptional ? .optional(result) : result
  }

  // MARK: - Comprehensions

  private mutating func comprehension(_ fold: Expr.Comprehension) throws(Fault) -> ValueType {
    let range = unifier.resolve(try check(fold.range))
    let initial = try check(fold.initial)
    let variables = try iterationTypes(range, fold)
    let outside = locals.count
    locals.append((fold.accumulator, initial))
    locals.append((fold.iterationVariable, variables.first))
    if let second = fold.secondVariable { locals.append((second, variables.second)) }
    let condition = try check(fold.condition)
    if !unifier.assign(condition, to: .bool) {
      _ = try fail(fold.condition.offset, "a condition of type '\(unifier.resolve(condition))' is no bool")
    }
    let step = try check(fold.step)
    if !unifier.assign(step, to: initial) {
      _ = try fail(
        fold.step.offset,
        "type '\(unifier.resolve(step))' does not fit the '\(unifier.resolve(initial))' gathered so far")
    }
    locals.removeSubrange(outside...)
    locals.append((fold.accumulator, initial))
    defer { locals.removeLast() }
    return unifier.resolve(try check(fold.result))
  }

  private mutating func iterationTypes(
    _ range: ValueType, _ fold: Expr.Comprehension
  ) throws(Fault) -> (first: ValueType, second: ValueType) {
    switch range {
    case .list(let element):
      return fold.secondVariable == nil ? (element, .dyn) : (.int, element)
    case .map(let key, let value): return (key, value)
    case .dyn: return (.dyn, .dyn)
    case .parameter:
      _ = unifier.assign(.dyn, to: range)
      return (.dyn, .dyn)
    default:
      _ = try fail(
        fold.range.offset,
        "type '\(range)' cannot be walked: a macro such as map() or all() takes a list or a map")
      return (.dyn, .dyn)
    }
  }
}

extension Value {
  /// The type of a constant.
  fileprivate var literalType: ValueType {
    switch self {
    case .null: .null
    case .bool: .bool
    case .int: .int
    case .uint: .uint
    case .double: .double
    case .string: .string
    case .bytes: .bytes
    case .timestamp: .timestamp
    case .duration: .duration
    default: .dyn
    }
  }
}
