// SPDX-License-Identifier: Apache-2.0

/// Finds the type of every node, the meaning of every name, and the possible overloads of every call.
///
/// A lenient checker, for environments without type checks, only resolves names. Every type is dyn, and
/// errors appear at evaluation.
struct Checker {
  let resolver: NameResolver
  let isLenient: Bool
  var unifier = TypeUnifier()
  var types: [Int: ValueType] = [:]
  var references: [Int: CheckedExpression.Reference] = [:]
  /// Variables of the enclosing comprehensions, innermost last.
  var locals: [(name: String, type: ValueType)] = []
  /// The allowed values of fields, by node id.
  var allowedValues: [Int: [String]] = [:]
  /// Type names that are used as values, unless a comparison with a type has justified them.
  var bareTypeNames: [(id: Int, offset: Int, message: String)] = []

  /// An error at a node.
  struct CheckError: Error {
    let offset: Int
    let message: String
    var code = CompileError.Code.type
    var suggestion: String?
  }

  init(_ environment: Environment) {
    self.resolver = NameResolver(environment: environment)
    self.isLenient = !environment.options.checks
  }

  /// Checks a whole tree, and replaces type variables by their final types.
  mutating func run(_ root: Expr) throws(CheckError) {
    _ = try check(root)
    if let bare = bareTypeNames.first { _ = try fail(bare.offset, bare.message) }
    types = types.mapValues { unifier.resolve($0, unknownAsDyn: true) }
  }

  mutating func check(_ expression: Expr) throws(CheckError) -> ValueType {
    let type = try infer(expression)
    types[expression.id] = isLenient ? .dyn : type
    return isLenient ? .dyn : type
  }

  private mutating func infer(_ expression: Expr) throws(CheckError) -> ValueType {
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

  /// Throws an error; a lenient checker gives the node the type dyn instead.
  func fail(
    _ offset: Int, _ message: String, code: CompileError.Code = .type, suggestion: String? = nil
  ) throws(CheckError) -> ValueType {
    guard !isLenient else { return .dyn }
    throw CheckError(offset: offset, message: message, code: code, suggestion: suggestion)
  }

  // MARK: - Names

  func isLocal(_ name: String) -> Bool { locals.contains { $0.name == name } }

  private mutating func identifier(_ expression: Expr, _ name: String) throws(CheckError) -> ValueType {
    if let local = locals.last(where: { $0.name == name }) {
      references[expression.id] = .local(name)
      return local.type
    }
    if let found = resolver.identifier(name) {
      references[expression.id] = found.reference
      noteTypeName(expression, name, found.type)
      return found.type
    }
    if let meant = Foreign.values[name] {
      return try fail(
        expression.offset, "'\(name)' is not a value of CEL", code: .undeclared, suggestion: meant)
    }
    if let fallback = resolver.environment.options.fallbackVariable, !name.hasPrefix(".") {
      guard case .object(let object) = resolver.identifier(fallback)?.type else { return .dyn }
      return try declared(name, of: object, expression)
    }
    return try fail(
      expression.offset, "undeclared reference to '\(name)'\(inContainer)", code: .undeclared,
      suggestion: resolver.suggestion(forIdentifier: name, locals: locals.map(\.name)))
  }

  var inContainer: String {
    resolver.environment.container.isEmpty ? "" : " (in container '\(resolver.environment.container)')"
  }

  /// The text of a chain of selections that may be a qualified name; nil if its first part is a local
  /// variable.
  func qualifiedName(_ expression: Expr) -> String? {
    guard let name = expression.qualifiedName(parts: resolver.environment.longestName) else { return nil }
    return isLocal(String(name.prefix { $0 != "." })) && !name.hasPrefix(".") ? nil : name
  }

  // MARK: - Selection

  private mutating func select(
    _ expression: Expr, _ operand: Expr, _ field: String, _ testOnly: Bool
  ) throws(CheckError) -> ValueType {
    if !testOnly, let name = qualifiedName(expression), let found = resolver.identifier(name) {
      references[expression.id] = found.reference
      noteTypeName(expression, name, found.type)
      return found.type
    }
    let type = unifier.resolve(try check(operand))
    let result = try member(of: type, field, expression, isOptional: false)
    return testOnly ? .bool : result
  }

  /// The type of a member. It is optional if the selection is `.?`, or if the operand is optional.
  mutating func member(
    of type: ValueType, _ field: String, _ expression: Expr, isOptional: Bool
  ) throws(CheckError) -> ValueType {
    if case .optional(let inner) = type {
      return .optional(try member(of: unifier.resolve(inner), field, expression, isOptional: false))
    }
    let result: ValueType
    switch type {
    case .map(_, let value): result = value
    case .object(let name): result = try declared(field, of: name, expression)
    case .dyn: result = .dyn
    case .parameter:
      // Binds the type variable to dyn, so that no later assignment narrows it to a type without members.
      _ = unifier.assign(.dyn, to: type)
      result = .dyn
    default:
      return try fail(
        expression.offset,
        bareTypeName(in: expression.children)?.message
          ?? "type '\(type)' has no members: '.\(field)' cannot be selected")
    }
    return isOptional ? .optional(result) : result
  }

  /// The type of a field, from the environment's object types.
  private mutating func declared(
    _ field: String, of type: String, _ expression: Expr
  ) throws(CheckError) -> ValueType {
    guard let provider = resolver.environment.objectTypes else { return .dyn }
    guard let found = provider.field(field, of: type) else {
      return try fail(
        expression.offset, "'\(type)' has no field '\(field)'", code: .undeclared,
        suggestion: Suggestion.nearest(to: field, among: provider.fieldNames(of: type).sorted()))
    }
    if !found.allowedValues.isEmpty { allowedValues[expression.id] = found.allowedValues }
    return found.type
  }

  // MARK: - Names of types

  private mutating func noteTypeName(_ expression: Expr, _ name: String, _ type: ValueType) {
    guard case .type = type, case .constant = references[expression.id] ?? .local(name),
      let message = resolver.environment.options.refuseTypeName?(name)
    else { return }
    bareTypeNames.append((expression.id, expression.offset, message))
  }

  /// The first of these expressions that is only the name of a type.
  func bareTypeName(in expressions: [Expr]) -> (id: Int, offset: Int, message: String)? {
    bareTypeNames.first { bare in expressions.contains { $0.id == bare.id } }
  }

  /// Accepts type names that are compared with a type.
  mutating func acceptTypeNames(in expression: Expr) {
    var ids: Set<Int> = [expression.id]
    if case .list(let elements) = expression.kind { ids.formUnion(elements.map(\.value.id)) }
    bareTypeNames.removeAll { ids.contains($0.id) }
  }

  // MARK: - Comprehensions

  private mutating func comprehension(_ fold: Expr.Comprehension) throws(CheckError) -> ValueType {
    let range = unifier.resolve(try check(fold.range))
    let initial = try check(fold.initial)
    let variables = try iterationTypes(range, fold)
    let outside = locals.count
    locals.append((fold.accumulator, initial))
    locals.append((fold.iterationVariable, variables.first))
    if let second = fold.secondVariable { locals.append((second, variables.second)) }
    let condition = try check(fold.condition)
    if !unifier.assign(condition, to: .bool) {
      _ = try fail(
        fold.condition.offset, "a condition must be a bool, not '\(unifier.resolve(condition))'")
    }
    let step = try check(fold.step)
    if !unifier.assign(step, to: initial) {
      _ = try fail(
        fold.step.offset,
        "the macro gathers '\(unifier.resolve(initial))', and this step gives '\(unifier.resolve(step))'")
    }
    locals.removeSubrange(outside...)
    locals.append((fold.accumulator, initial))
    defer { locals.removeLast() }
    return unifier.resolve(try check(fold.result))
  }

  private mutating func iterationTypes(
    _ range: ValueType, _ fold: Expr.Comprehension
  ) throws(CheckError) -> (first: ValueType, second: ValueType) {
    let rangeTypeName = bareTypeName(in: [fold.range])
    if rangeTypeName == nil { acceptTypeNames(in: fold.range) }
    switch range {
    case .list(let element):
      return fold.secondVariable == nil ? (element, .dyn) : (.int, element)
    case .map(let key, let value): return (key, value)
    case .object: return (.string, .dyn)
    case .dyn: return (.dyn, .dyn)
    case .parameter:
      _ = unifier.assign(.dyn, to: range)
      return (.dyn, .dyn)
    default:
      _ = try fail(
        fold.range.offset,
        rangeTypeName?.message
          ?? "a macro such as map() or all() needs a list or a map, not '\(range)'")
      return (.dyn, .dyn)
    }
  }
}

extension Value {
  /// The type of a constant.
  fileprivate var literalType: ValueType {
    switch native {
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
