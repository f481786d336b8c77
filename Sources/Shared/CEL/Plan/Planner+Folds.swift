// SPDX-License-Identifier: Apache-2.0

extension Planner {
  /// Plans a comprehension. The forms that macros create become specialised nodes; any other becomes the
  /// general node.
  mutating func comprehension(_ expression: Expr, _ fold: Expr.Comprehension) throws(PlanError) -> Node {
    if fold.isBinding { return try binding(expression, fold) }
    let range = try plan(fold.range)
    let outside = scope.count
    defer { scope.removeSubrange(outside...) }
    guard let form = fold.form else { return try general(expression, fold, range) }
    let variables = declare(fold)
    switch form {
    case .quantifier(let predicate, let deciding):
      return QuantifierNode(
        expression.offset, range, try plan(predicate), variables, deciding: deciding)
    case .existsOne(let predicate):
      return ExistsOneNode(expression.offset, range, try plan(predicate), variables)
    case .list(let predicate, let transform):
      let predicate = try predicate.map { (predicate) throws(PlanError) in try plan(predicate) }
      return ListFoldNode(expression.offset, range, predicate, try plan(transform), variables)
    case .map(let predicate, let key, let transform):
      let predicate = try predicate.map { (predicate) throws(PlanError) in try plan(predicate) }
      let key = try key.map { (key) throws(PlanError) in try plan(key) }
      return MapFoldNode(expression.offset, range, predicate, key: key, try plan(transform), variables)
    }
  }

  private mutating func place(_ name: String, bound: Node? = nil) -> Int {
    defer { localCount += 1 }
    scope.append((name, localCount, bound))
    return localCount
  }

  private mutating func declare(_ fold: Expr.Comprehension) -> FoldVariables {
    let first = place(fold.iterationVariable)
    return FoldVariables(first: first, second: fold.secondVariable.map { place($0) })
  }

  private mutating func binding(_ expression: Expr, _ fold: Expr.Comprehension) throws(PlanError) -> Node {
    let value = try plan(fold.initial)
    if value.constant != nil {
      scope.append((fold.accumulator, localCount, value))
    } else {
      _ = place(fold.accumulator, bound: value)
    }
    defer { scope.removeLast() }
    let index = scope[scope.count - 1].index
    let body = try plan(fold.result)
    return value.constant != nil ? body : BindNode(expression.offset, index: index, body)
  }

  private mutating func general(
    _ expression: Expr, _ fold: Expr.Comprehension, _ range: Node
  ) throws(PlanError) -> Node {
    let initial = try plan(fold.initial)
    let accumulator = place(fold.accumulator)
    let outside = scope.count
    let variables = declare(fold)
    let condition = try plan(fold.condition)
    let step = try plan(fold.step)
    scope.removeSubrange(outside...)
    let result = try plan(fold.result)
    return FoldNode(
      expression.offset, range: range, initial: initial, condition: condition, step: step, result: result,
      variables: variables, accumulator: accumulator)
  }
}

extension Expr.Comprehension {
  /// The forms of comprehensions that macros create.
  enum Form {
    case quantifier(predicate: Expr, deciding: Bool)
    case existsOne(predicate: Expr)
    case list(predicate: Expr?, transform: Expr)
    case map(predicate: Expr?, key: Expr?, transform: Expr)
  }

  /// Whether the comprehension only binds a name to a value, as `cel.bind` does.
  package var isBinding: Bool {
    guard case .list(let elements) = range.kind, elements.isEmpty,
      case .literal(.bool(false)) = condition.kind
    else { return false }
    return step.isIdentifier(accumulator)
  }

  var form: Form? {
    // A body that reads the accumulator has no known form. No macro of this module creates one.
    guard accumulator == MacroContext.accumulator else { return nil }
    guard case .call(nil, let function, let arguments) = step.kind else { return nil }
    switch (function, arguments.count) {
    case ("_&&_", 2) where arguments[0].isIdentifier(accumulator) && result.isIdentifier(accumulator):
      return .quantifier(predicate: arguments[1], deciding: false)
    case ("_||_", 2) where arguments[0].isIdentifier(accumulator) && result.isIdentifier(accumulator):
      return .quantifier(predicate: arguments[1], deciding: true)
    case ("_?_:_", 3) where arguments[2].isIdentifier(accumulator):
      if case .call(nil, "_==_", _) = result.kind { return .existsOne(predicate: arguments[0]) }
      guard result.isIdentifier(accumulator) else { return nil }
      return growth(arguments[1], predicate: arguments[0])
    default: return result.isIdentifier(accumulator) ? growth(step, predicate: nil) : nil
    }
  }

  /// The form of a step that adds one element or entry to the accumulator.
  private func growth(_ step: Expr, predicate: Expr?) -> Form? {
    guard case .call(nil, let function, let arguments) = step.kind, let first = arguments.first,
      first.isIdentifier(accumulator)
    else { return nil }
    switch (function, arguments.count) {
    case ("_+_", 2):
      guard case .list(let elements) = arguments[1].kind, elements.count == 1, !elements[0].isOptional else {
        return nil
      }
      return .list(predicate: predicate, transform: elements[0].value)
    case ("cel.@mapInsert", 2): return .map(predicate: predicate, key: nil, transform: arguments[1])
    case ("cel.@mapInsert", 3): return .map(predicate: predicate, key: arguments[1], transform: arguments[2])
    default: return nil
    }
  }
}

extension Expr {
  func isIdentifier(_ wanted: String) -> Bool {
    if case .identifier(let name) = kind { return name == wanted }
    return false
  }
}
