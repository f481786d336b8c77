// SPDX-License-Identifier: Apache-2.0

extension Planner {
  mutating func call(
    _ expression: Expr, _ target: Expr?, _ function: String, _ arguments: [Expr]
  ) throws(PlanError) -> Node {
    let overloads = overloads(expression)
    var nodes: [Node] = []
    // The target of a function in a namespace is a name, not a value.
    if let target, overloads.first?.isMember ?? !isNamespaced(target, function) {
      nodes.append(try plan(target))
    }
    for argument in arguments { nodes.append(try plan(argument)) }
    if function == "_?._", target == nil, nodes.count == 2, case .string(let field) = nodes[1].constant {
      return fold(OptionalSelectNode(expression, nodes[0], field), nodes[0])
    }
    if let node = conditional(function, nodes) { return node }
    if !overloads.isEmpty, overloads.allSatisfy({ environment.declarations.builtins.contains($0.id) }),
      let node = try builtin(expression, function, nodes)
    {
      return fold(node, nodes)
    }
    if overloads.count == 1, let body = overloads[0].pattern, nodes.indices.contains(body.argument),
      let regex = try regex(nodes[body.argument])
    {
      return fold(PatternCallNode(expression, nodes, overloads[0], body, regex), nodes)
    }
    let node = general(expression, function, nodes, overloads, target.map { [$0] + arguments } ?? arguments)
    if overloads.count == 1,
      overloads[0].failsEarly
        || environment.options.refusesFailingConstants && function.first?.isLetter ?? false
    {
      try refuseFailure(of: node, nodes)
      try refuseFormat(overloads[0], nodes)
    }
    return fold(node, nodes)
  }

  private func overloads(_ expression: Expr) -> [Overload] {
    guard case .overloads(let overloads) = checked.references[expression.id] else { return [] }
    return overloads
  }

  /// Whether the target of an unresolved call is a namespace. This is used for failing calls only.
  private func isNamespaced(_ target: Expr, _ function: String) -> Bool {
    guard let name = target.qualifiedName(parts: environment.longestName) else { return false }
    return NameResolver(environment: environment).function("\(name).\(function)") != nil
  }

  /// Folds `true ? a : b` to `a`.
  private func conditional(_ function: String, _ nodes: [Node]) -> Node? {
    guard function == "_?_:_", nodes.count == 3, case .bool(let condition) = nodes[0].constant else {
      return nil
    }
    return condition ? nodes[1] : nodes[2]
  }

  /// A specialised node for an operator or a frequent function.
  private mutating func builtin(_ expression: Expr, _ function: String, _ nodes: [Node]) throws(PlanError)
    -> Node?
  {
    switch (function, nodes.count) {
    case ("_&&_", 2): return LogicNode(expression, nodes[0], nodes[1], deciding: false)
    case ("_||_", 2): return LogicNode(expression, nodes[0], nodes[1], deciding: true)
    case ("!_", 1): return NotNode(expression, nodes[0])
    case ("_?_:_", 3): return ConditionalNode(expression, nodes[0], nodes[1], nodes[2])
    case ("@not_strictly_false", 1): return NotStrictlyFalseNode(expression, nodes[0])
    case ("-_", 1): return NegateNode(expression, nodes[0])
    case ("size", 1): return SizeNode(expression, nodes[0])
    case ("or", 2): return OptionalOrNode(expression, nodes[0], nodes[1], unwraps: false)
    case ("orValue", 2): return OptionalOrNode(expression, nodes[0], nodes[1], unwraps: true)
    case ("matches", 2): return try matches(expression, nodes[0], nodes[1])
    case (_, 2): return binary(expression, function, nodes[0], nodes[1])
    default: return nil
    }
  }

  private func binary(_ expression: Expr, _ function: String, _ left: Node, _ right: Node) -> Node? {
    switch function {
    case "_==_": return equality(expression, left, right, isNegated: false)
    case "_!=_": return equality(expression, left, right, isNegated: true)
    case "_<_": return OrderNode(expression, left, right, .less)
    case "_<=_": return OrderNode(expression, left, right, .lessOrEqual)
    case "_>_": return OrderNode(expression, left, right, .greater)
    case "_>=_": return OrderNode(expression, left, right, .greaterOrEqual)
    case "_+_": return ArithmeticNode(expression, left, right, .add)
    case "_-_": return ArithmeticNode(expression, left, right, .subtract)
    case "_*_": return ArithmeticNode(expression, left, right, .multiply)
    case "_/_": return ArithmeticNode(expression, left, right, .divide)
    case "_%_": return ArithmeticNode(expression, left, right, .remainder)
    case "@in":
      if case .list(let list) = right.constant, let node = InConstantsNode(expression, left, list) {
        return node
      }
      return InNode(expression, left, right)
    case "_[_]":
      if case .string(let key) = right.constant { return SelectNode(expression, left, key) }
      return IndexNode(expression, left, right)
    case "_[?_]":
      if case .string(let key) = right.constant { return OptionalSelectNode(expression, left, key) }
      return OptionalIndexNode(expression, left, right)
    default: return StringTest(rawValue: function).map { StringTestNode(expression, left, right, $0) }
    }
  }

  private func equality(_ expression: Expr, _ left: Node, _ right: Node, isNegated: Bool) -> Node {
    if case .string(let text) = right.constant {
      return EqualStringNode(expression, left, text, isNegated: isNegated)
    }
    if case .string(let text) = left.constant {
      return EqualStringNode(expression, right, text, isNegated: isNegated)
    }
    return EqualNode(expression, left, right, isNegated: isNegated)
  }

  private mutating func matches(_ expression: Expr, _ text: Node, _ pattern: Node) throws(PlanError) -> Node {
    MatchesNode(expression, text, pattern, try regex(pattern))
  }

  /// The compiled pattern, if it is a constant.
  private mutating func regex(_ pattern: Node) throws(PlanError) -> Regex? {
    guard case .string(let source) = pattern.constant else { return nil }
    do throws(RegexError) { return try patterns.regex(source) } catch {
      throw PlanError(
        offset: Int(pattern.offset), message: error.message, code: error.isTooLarge ? .limit : .type)
    }
  }

  /// Refuses a constant format that is invalid for all arguments.
  private func refuseFormat(_ overload: Overload, _ nodes: [Node]) throws(PlanError) {
    guard overload.id == "string_format", nodes.count == 2, case .string(let text) = nodes[0].constant else {
      return
    }
    let count = (nodes[1] as? ListNode).flatMap {
      $0.elements.contains { $0.isOptional } ? nil : $0.elements.count
    }
    do throws(EvaluationError) { try StringFormat.check(text, argumentCount: count) } catch {
      throw PlanError(offset: Int(nodes[0].offset), message: error.description)
    }
  }

  /// A call of an overload's implementation.
  private func general(
    _ expression: Expr, _ function: String, _ nodes: [Node], _ overloads: [Overload], _ arguments: [Expr]
  ) -> Node {
    guard overloads.count == 1, let overload = overloads.first, let body = overload.implementation else {
      return CallNode(expression, function, nodes, overloads)
    }
    // The checker proves nothing about a dyn argument.
    let isProven =
      checked.isChecked && arguments.count == nodes.count
      && arguments.allSatisfy { checked.type($0).isProof }
    switch (body, nodes.count) {
    case (.unary(let body), 1):
      return UnaryCallNode(expression, nodes[0], overload, isProven: isProven, body)
    case (.binary(let body), 2):
      return BinaryCallNode(expression, nodes[0], nodes[1], overload, isProven: isProven, body)
    default: return CallNode(expression, function, nodes, overloads)
    }
  }
}

extension ValueType {
  /// Whether the outermost type of a value is proven by this static type.
  fileprivate var isProof: Bool {
    switch self {
    case .dyn, .parameter, .wrapper, .null: false
    // Null can be assigned to these types.
    case .timestamp, .duration, .opaque, .optional, .object: false
    default: true
    }
  }
}
