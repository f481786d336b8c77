// SPDX-License-Identifier: Apache-2.0

import CEL

/// Replaces the names of `arg` and `--let` by their values and expressions before an expression is checked.
/// Constants are then folded, and a path behind a name can be compared on bytes.
struct NameSubstitution {
  /// An expression with a name, and the names that it takes from where it is used.
  private struct Definition {
    let root: Expr
    let freeNames: Set<String>
    /// The number of its nodes.
    let count: Int
  }

  private let arguments: [(name: String, value: Value)]
  private var definitions: [String: Definition] = [:]
  private var nextID = 1
  private let limits: Limits
  /// The nodes that definitions may still add to the expression. Definitions that use earlier ones twice
  /// double their size.
  private var room = 0

  /// Why a name cannot be replaced, and where.
  struct SubstitutionError: Error {
    let offset: Int
    let message: String
  }

  private init(_ scope: FilterScope, limits: Limits) {
    arguments = scope.arguments
    self.limits = limits
  }

  /// An expression with all names of the scope replaced.
  ///
  /// - Throws: ``FilterError`` for an unknown name, with its place.
  static func apply(
    _ scope: FilterScope, to parsed: ParsedExpression, in environment: Environment
  ) throws(FilterError) -> ParsedExpression {
    guard !scope.arguments.isEmpty || !scope.definitions.isEmpty else { return parsed }
    var substitution = NameSubstitution(scope, limits: environment.limits)
    for definition in scope.definitions {
      do {
        let root = try environment.parse(definition.expression).root
        let replaced = try substitution.replaceAll(root)
        _ = try environment.check(ParsedExpression(root: replaced, source: definition.expression))
        substitution.definitions[definition.name] = Definition(
          root: replaced, freeNames: replaced.freeNames([]), count: replaced.extent.count)
      } catch let fault as SubstitutionError {
        throw FilterError("--let \(definition.name): \(fault.error(in: definition.expression))")
      } catch { throw FilterError("--let \(definition.name): \(error)") }
    }
    do throws(SubstitutionError) {
      return ParsedExpression(root: try substitution.replaceAll(parsed.root), source: parsed.source)
    } catch { throw FilterError("\(error.error(in: parsed.source))") }
  }

  /// Keeps to the limits of the environment, which the parser has applied to each expression alone.
  private mutating func replaceAll(_ root: Expr) throws(SubstitutionError) -> Expr {
    room = limits.nodes
    let replaced = try replace(root, [])
    guard replaced.extent.depth <= limits.depth else {
      throw SubstitutionError(
        offset: root.offset, message: "with its --let names, it nests more than \(limits.depth) levels deep")
    }
    return replaced
  }

  private mutating func replace(_ expression: Expr, _ locals: Set<String>) throws(SubstitutionError) -> Expr {
    if let replaced = try replacement(expression, locals) { return replaced }
    return copy(expression, try rebuilt(expression.kind, locals))
  }

  /// The replacement of a name; nil if the expression is not a name of the scope.
  private mutating func replacement(_ expression: Expr, _ locals: Set<String>) throws(SubstitutionError)
    -> Expr?
  {
    switch expression.kind {
    case .identifier("arg") where !arguments.isEmpty && !locals.contains("arg"):
      return literal(.map(MapValue(arguments.map { (.string($0.name), $0.value) })), at: expression.offset)
    case .identifier(let name) where !locals.contains(name):
      return try definitions[name].map { (definition) throws(SubstitutionError) in
        try use(definition, expression.offset, locals)
      }
    case .select(let operand, let field, false): return try member(operand, field, expression.offset, locals)
    case .call(nil, "_[_]", let operands):
      guard operands.count == 2, case .literal(.string(let field)) = operands[1].kind else { return nil }
      return try member(operands[0], field, expression.offset, locals)
    default: return nil
    }
  }

  /// `arg.NAME`, and `variables.NAME`, which Kubernetes policies use for their variables.
  private mutating func member(
    _ operand: Expr, _ field: String, _ offset: Int, _ locals: Set<String>
  ) throws(SubstitutionError) -> Expr? {
    guard case .identifier(let name) = operand.kind, !locals.contains(name) else { return nil }
    if name == "arg", !arguments.isEmpty {
      guard let value = arguments.last(where: { $0.name == field })?.value else {
        let names = arguments.map(\.name).joined(separator: ", ")
        throw SubstitutionError(
          offset: operand.offset, message: "no --arg or --argjson is named '\(field)'; the names are \(names)"
        )
      }
      return literal(value, at: offset)
    }
    guard name == "variables", let definition = definitions[field] else { return nil }
    return try use(definition, offset, locals)
  }

  private mutating func use(
    _ definition: Definition, _ offset: Int, _ locals: Set<String>
  ) throws(SubstitutionError) -> Expr {
    if let captured = definition.freeNames.intersection(locals).min() {
      throw SubstitutionError(
        offset: offset,
        message: "the --let expression uses '\(captured)', which is a variable here: rename the variable")
    }
    room -= definition.count
    guard room >= 0 else {
      throw SubstitutionError(
        offset: offset, message: "with its --let names, it has more than \(limits.nodes) parts")
    }
    return moved(definition.root, to: offset)
  }

  /// A copy with new node ids, all at the place of the name.
  private mutating func moved(_ expression: Expr, to offset: Int) -> Expr {
    let children = expression.kind.mapped { moved($0, to: offset) }
    return make(children, at: offset)
  }

  private mutating func literal(_ value: Value, at offset: Int) -> Expr {
    switch value {
    case .list(let list):
      let elements = list.rawElements.map { Expr.Element(value: literal($0, at: offset), isOptional: false) }
      return make(.list(elements), at: offset)
    case .map(let map):
      let entries = map.entries.map {
        Expr.Entry(key: literal($0.key, at: offset), value: literal($0.value, at: offset), isOptional: false)
      }
      return make(.map(entries), at: offset)
    case let scalar: return make(.literal(scalar), at: offset)
    }
  }

  private mutating func make(_ kind: Expr.Kind, at offset: Int) -> Expr {
    defer { nextID += 1 }
    return Expr(id: nextID, offset: offset, kind)
  }

  private mutating func copy(_ expression: Expr, _ kind: Expr.Kind) -> Expr {
    make(kind, at: expression.offset)
  }

  private mutating func rebuilt(_ kind: Expr.Kind, _ locals: Set<String>) throws(SubstitutionError)
    -> Expr.Kind
  {
    guard case .comprehension(var fold) = kind else {
      var fault: SubstitutionError?
      let mapped = kind.mapped { child in
        do throws(SubstitutionError) { return try replace(child, locals) } catch {
          fault = fault ?? error
          return child
        }
      }
      if let fault { throw fault }
      return mapped
    }
    fold.range = try replace(fold.range, locals)
    fold.initial = try replace(fold.initial, locals)
    var inside = locals.union([fold.accumulator])
    fold.result = try replace(fold.result, inside)
    inside.insert(fold.iterationVariable)
    if let second = fold.secondVariable { inside.insert(second) }
    fold.condition = try replace(fold.condition, inside)
    fold.step = try replace(fold.step, inside)
    return .comprehension(fold)
  }
}

extension NameSubstitution.SubstitutionError {
  func error(in source: String) -> CompileError { CompileError(.undeclared, message, in: source, at: offset) }
}

extension Expr {
  /// The number of nodes, and the levels of the tree.
  fileprivate var extent: (count: Int, depth: Int) {
    children.reduce(into: (count: 1, depth: 1)) { extent, child in
      let inner = child.extent
      extent.count += inner.count
      extent.depth = max(extent.depth, inner.depth + 1)
    }
  }

  /// The free names of the expression.
  fileprivate func freeNames(_ bound: Set<String>) -> Set<String> {
    switch kind {
    case .identifier(let name): return bound.contains(name) ? [] : [name]
    case .comprehension(let fold):
      let inside = bound.union([
        fold.accumulator, fold.iterationVariable, fold.secondVariable ?? fold.accumulator,
      ])
      return [fold.range, fold.initial].reduce(into: Set()) { $0.formUnion($1.freeNames(bound)) }
        .union(
          [fold.condition, fold.step, fold.result].reduce(into: Set()) { $0.formUnion($1.freeNames(inside)) })
    default: return children.reduce(into: Set()) { $0.formUnion($1.freeNames(bound)) }
    }
  }
}

extension Expr.Kind {
  /// The same expression with other children. Handles comprehensions, too.
  fileprivate func mapped(_ change: (Expr) -> Expr) -> Expr.Kind {
    switch self {
    case .literal, .identifier: return self
    case .select(let operand, let field, let testOnly):
      return .select(operand: change(operand), field: field, testOnly: testOnly)
    case .call(let target, let function, let arguments):
      return .call(target: target.map(change), function: function, arguments: arguments.map(change))
    case .list(let elements):
      return .list(elements.map { Expr.Element(value: change($0.value), isOptional: $0.isOptional) })
    case .map(let entries):
      return .map(
        entries.map { Expr.Entry(key: change($0.key), value: change($0.value), isOptional: $0.isOptional) })
    case .message(let name, let fields):
      return .message(
        name: name,
        fields: fields.map {
          Expr.Field(name: $0.name, offset: $0.offset, value: change($0.value), isOptional: $0.isOptional)
        })
    case .comprehension(var fold):
      fold.range = change(fold.range)
      fold.initial = change(fold.initial)
      fold.condition = change(fold.condition)
      fold.step = change(fold.step)
      fold.result = change(fold.result)
      return .comprehension(fold)
    }
  }
}
