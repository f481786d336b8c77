// SPDX-License-Identifier: Apache-2.0

/// The macros of the language definition: `has`, and the comprehensions with one variable.
enum StandardMacros {
  static let all: [Macro] = [
    has,
    Macro("all", member: true, arguments: 2, Fold.all),
    Macro("exists", member: true, arguments: 2, Fold.exists),
    Macro("exists_one", member: true, arguments: 2, Fold.existsOne),
    Macro("existsOne", member: true, arguments: 2, Fold.existsOne),
    Macro("map", member: true, arguments: 2) { (context, target, arguments) throws(MacroError) in
      try Fold.list(&context, target, arguments, predicate: nil)
    },
    Macro("map", member: true, arguments: 3) { (context, target, arguments) throws(MacroError) in
      try Fold.list(&context, target, arguments, predicate: arguments[1])
    },
    Macro("filter", member: true, arguments: 2) { (context, target, arguments) throws(MacroError) in
      let variable = try Fold.name(arguments[0])
      let element = context.identifier(variable)
      return try Fold.list(&context, target, [arguments[0], element], predicate: arguments[1])
    },
  ]

  private static let has = Macro("has", member: false, arguments: 1) {
    (context, _, arguments) throws(MacroError) in
    switch arguments[0].kind {
    case .select(let operand, let field, false):
      return Expr(
        id: arguments[0].id, offset: arguments[0].offset,
        .select(operand: operand, field: field, testOnly: true))
    default: throw MacroError(arguments[0], "has() takes a selection such as has(a.b)\(remedy(arguments[0]))")
    }
  }

  /// The advice for testing whether a key in brackets exists.
  private static func remedy(_ argument: Expr) -> String {
    if case .literal(.string(let key)) = argument.kind {
      return ": write \(StringOperations.quote(key)) in m for a key of a map m"
    }
    if let (map, key) = hyphenated(argument) { return ": write has(\(map).`\(key)`)" }
    guard case .call(nil, "_[_]", let arguments) = argument.kind, arguments.count == 2,
      case .literal(.string(let key)) = arguments[1].kind
    else { return "" }
    let map = arguments[0].qualifiedName ?? "m"
    let isQuotable = !key.isEmpty && key.utf8.allSatisfy { $0.isIdentifierPart || "-./ ".utf8.contains($0) }
    return ": write \(StringOperations.quote(key)) in \(map)"
      + (isQuotable ? ", or has(\(map).`\(key)`)" : "")
  }

  /// The path and the key of a name with hyphens, such as `labels.app-name`, which reads as a subtraction.
  private static func hyphenated(_ argument: Expr) -> (map: String, key: String)? {
    guard case .call(nil, "_-_", let operands) = argument.kind, case .identifier(let last) = operands[1].kind
    else { return nil }
    if case .select(let operand, let field, false) = operands[0].kind {
      return operand.qualifiedName.map { ($0, "\(field)-\(last)") }
    }
    return hyphenated(operands[0]).map { ($0.map, "\($0.key)-\(last)") }
  }
}

/// The comprehensions that the macros become, for one variable or two.
enum Fold {
  private static let accumulator = MacroContext.accumulator

  /// The name of the variable that this argument declares.
  static func name(_ expression: Expr) throws(MacroError) -> String {
    guard case .identifier(let name) = expression.kind, !name.hasPrefix(".") else {
      throw MacroError(expression, "expected the name of a variable here")
    }
    guard name != accumulator, name != "__result__" else {
      throw MacroError(expression, "'\(name)' cannot be the name of a variable")
    }
    return name
  }

  /// The variables, which are the first arguments, and the other arguments.
  static func variables(_ arguments: [Expr], _ count: Int) throws(MacroError) -> (String, String?) {
    let first = try name(arguments[0])
    guard count == 2 else { return (first, nil) }
    let second = try name(arguments[1])
    guard first != second else {
      throw MacroError(arguments[1], "the two variables must have different names, not '\(first)' twice")
    }
    return (first, second)
  }

  static func all(_ context: inout MacroContext, _ target: Expr?, _ arguments: [Expr]) throws(MacroError)
    -> Expr?
  {
    let result = context.identifier(accumulator)
    let stop = context.call("@not_strictly_false", context.identifier(accumulator))
    let step = context.call("_&&_", context.identifier(accumulator), arguments[arguments.count - 1])
    return try make(&context, target, arguments, context.literal(.bool(true)), stop, step, result)
  }

  static func exists(_ context: inout MacroContext, _ target: Expr?, _ arguments: [Expr]) throws(MacroError)
    -> Expr?
  {
    let result = context.identifier(accumulator)
    let negated = context.call("!_", context.identifier(accumulator))
    let stop = context.call("@not_strictly_false", negated)
    let step = context.call("_||_", context.identifier(accumulator), arguments[arguments.count - 1])
    return try make(&context, target, arguments, context.literal(.bool(false)), stop, step, result)
  }

  static func existsOne(
    _ context: inout MacroContext, _ target: Expr?, _ arguments: [Expr]
  ) throws(MacroError) -> Expr? {
    let sum = context.call("_+_", context.identifier(accumulator), context.literal(.int(1)))
    let step = context.call("_?_:_", arguments[arguments.count - 1], sum, context.identifier(accumulator))
    let result = context.call("_==_", context.identifier(accumulator), context.literal(.int(1)))
    let go = context.literal(.bool(true))
    return try make(&context, target, arguments, context.literal(.int(0)), go, step, result)
  }

  /// Expands `map`, `filter` and `transformList`: the last argument is evaluated for each element that the
  /// predicate accepts.
  static func list(
    _ context: inout MacroContext, _ target: Expr?, _ arguments: [Expr], predicate: Expr?,
    variables count: Int = 1
  ) throws(MacroError) -> Expr? {
    let added = context.list(arguments[arguments.count - 1])
    let step = context.call("_+_", context.identifier(accumulator), added)
    let chosen = choose(&context, predicate, step)
    let go = context.literal(.bool(true))
    let result = context.identifier(accumulator)
    return try make(&context, target, arguments, context.list(), go, chosen, result, variables: count)
  }

  /// `step` if the predicate is true, else the unchanged accumulator.
  static func choose(_ context: inout MacroContext, _ predicate: Expr?, _ step: Expr) -> Expr {
    guard let predicate else { return step }
    return context.call("_?_:_", predicate, step, context.identifier(accumulator))
  }

  static func make(
    _ context: inout MacroContext, _ target: Expr?, _ arguments: [Expr], _ initial: Expr, _ condition: Expr,
    _ step: Expr, _ result: Expr, variables count: Int? = nil
  ) throws(MacroError) -> Expr? {
    guard let target else { return nil }
    let (first, second) = try variables(arguments, count ?? arguments.count - 1)
    return context.make(
      .comprehension(
        Expr.Comprehension(
          iterationVariable: first, secondVariable: second, range: target, accumulator: accumulator,
          initial: initial, condition: condition, step: step, result: result)))
  }
}
