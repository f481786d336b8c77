// SPDX-License-Identifier: Apache-2.0

/// Converts a checked expression to an executable tree. Names become slots, operators become specialised
/// nodes, and constant parts are evaluated.
struct Planner {
  let environment: Environment
  let checked: CheckedExpression
  let claims: (Expr) -> Int?
  var usedSlots: Set<Int> = []
  /// Variables in scope, innermost last: the place of each, and its value if it comes from `cel.bind`.
  var scope: [(name: String, index: Int, bound: Node?)] = []
  /// The number of places. Every variable of the program has its own place, because a bound value may be
  /// evaluated late.
  var localCount = 0
  /// The constant patterns of the expression.
  var patterns = ConstantPatterns()
  /// The remaining steps for evaluating constants.
  private var foldingBudget = 300_000
  /// The cost limit for evaluating one constant node.
  private static let foldingLimit = 20_000

  init(_ environment: Environment, _ checked: CheckedExpression, claims: @escaping (Expr) -> Int?) {
    self.environment = environment
    self.checked = checked
    self.claims = claims
  }

  /// An error that is only found while planning, such as a malformed constant pattern.
  struct PlanError: Error {
    let offset: Int
    let message: String
    var code = CompileError.Code.type
  }

  mutating func plan(_ expression: Expr) throws(PlanError) -> Node {
    if let slot = claims(expression) {
      usedSlots.insert(slot)
      return claimed(expression, slot)
    }
    switch expression.kind {
    case .literal(let value): return ConstantNode(offset: expression.offset, value)
    case .identifier(let name): return identifier(expression, name)
    case .select(let operand, let field, let testOnly):
      if let node = resolved(expression) { return node }
      let operand = try plan(operand)
      return fold(
        testOnly
          ? HasNode(
            expression, operand, field, isFalseForScalars: environment.options.hasIsFalseForScalars)
          : SelectNode(expression, operand, field), operand)
    case .call(let target, let function, let arguments):
      return try call(expression, target, function, arguments)
    case .list(let elements): return try list(expression, elements)
    case .map(let entries): return try map(expression, entries)
    case .message(let name, let fields): return try message(expression, name, fields)
    case .comprehension(let comprehension): return try self.comprehension(expression, comprehension)
    }
  }

  private func claimed(_ expression: Expr, _ slot: Int) -> Node {
    var path = expression
    var isTest = false
    if case .select(let operand, let field, true) = expression.kind {
      isTest = true
      path = Expr(
        id: expression.id, offset: expression.offset, .select(operand: operand, field: field, testOnly: false)
      )
    }
    let name = path.pathText ?? "value"
    return isTest
      ? SlotPresenceNode(
        offset: expression.offset, slot: slot, name: name,
        isFalseForScalars: environment.options.hasIsFalseForScalars)
      : SlotNode(offset: expression.offset, slot: slot, name: name)
  }

  // MARK: - Names

  private mutating func identifier(_ expression: Expr, _ name: String) -> Node {
    if let local = scope.last(where: { $0.name == name }) {
      if let value = local.bound?.constant { return ConstantNode(offset: expression.offset, value) }
      if let bound = local.bound { return BoundNode(offset: expression.offset, index: local.index, bound) }
      return LocalNode(offset: expression.offset, index: local.index)
    }
    if let node = resolved(expression) { return node }
    guard let fallback = environment.options.fallbackVariable, let slot = environment.slots[fallback] else {
      return FailureNode(offset: expression.offset, .undeclaredReference, name)
    }
    usedSlots.insert(slot)
    return SelectNode(expression, SlotNode(offset: expression.offset, slot: slot, name: fallback), name)
  }

  /// The node for the variable or constant to which the checker resolved a name, qualified or not.
  private mutating func resolved(_ expression: Expr) -> Node? {
    switch checked.references[expression.id] {
    case .variable(let slot):
      usedSlots.insert(slot)
      return SlotNode(offset: expression.offset, slot: slot, name: environment.variables[slot].name)
    case .constant(let value): return ConstantNode(offset: expression.offset, value)
    default: return nil
    }
  }

  // MARK: - Constants

  /// The node, or its value if its operands are constants and the evaluation succeeds at low cost.
  mutating func fold(_ node: Node, _ operands: Node...) -> Node { fold(node, operands) }

  mutating func fold(_ node: Node, _ operands: [Node]) -> Node {
    guard operands.allSatisfy({ $0.constant != nil }), foldingBudget > 0 else { return node }
    var scratch = Activation(environment)
    scratch.meter = Meter(min(Self.foldingLimit, foldingBudget) - node.cost)
    guard scratch.meter.remaining >= 0 else { return node }
    let before = scratch.meter.remaining
    let value = try? node.evaluate(&scratch)
    foldingBudget -= 1 + before - scratch.meter.remaining
    guard let value, value.weight <= 5000 else { return node }
    return ConstantNode(offset: Int(node.offset), value)
  }

  /// Throws an error if all operands are constants with which the node fails.
  func refuseFailure(of node: Node, _ operands: [Node]) throws(PlanError) {
    guard operands.allSatisfy({ $0.constant != nil }) else { return }
    var scratch = Activation(environment)
    scratch.meter = Meter(Self.foldingLimit)
    do throws(EvaluationError) { _ = try node.evaluate(&scratch) } catch {
      guard error.isAbsorbable else { return }
      throw PlanError(offset: Int(operands.first?.offset ?? node.offset), message: error.description)
    }
  }

  // MARK: - Literals

  private mutating func list(_ expression: Expr, _ elements: [Expr.Element]) throws(PlanError) -> Node {
    var nodes: [(node: Node, isOptional: Bool)] = []
    for element in elements { nodes.append((try plan(element.value), element.isOptional)) }
    return fold(ListNode(expression, nodes), nodes.map(\.node))
  }

  private mutating func map(_ expression: Expr, _ entries: [Expr.Entry]) throws(PlanError) -> Node {
    var nodes: [(key: Node, value: Node, isOptional: Bool)] = []
    for entry in entries { nodes.append((try plan(entry.key), try plan(entry.value), entry.isOptional)) }
    return fold(MapNode(expression, nodes), nodes.flatMap { [$0.key, $0.value] })
  }

  private mutating func message(
    _ expression: Expr, _ name: String, _ fields: [Expr.Field]
  ) throws(PlanError) -> Node {
    guard let message = NameResolver(environment: environment).message(name) else {
      return FailureNode(offset: expression.offset, .undeclaredReference, name)
    }
    var nodes: [(name: String, value: Node, isOptional: Bool)] = []
    for field in fields { nodes.append((field.name, try plan(field.value), field.isOptional)) }
    return fold(MessageNode(expression, message, nodes), nodes.map(\.value))
  }
}

extension Expr {
  /// The text of a path, such as `a.b["c"]`; nil for any other expression.
  fileprivate var pathText: String? {
    switch kind {
    case .identifier(let name): name
    case .select(let operand, let field, _): operand.pathText.map { "\($0).\(field)" }
    case .call(nil, "_[_]", let arguments):
      if arguments.count == 2, case .literal(.string(let key)) = arguments[1].kind {
        arguments[0].pathText.map { "\($0)[\"\(key)\"]" }
      } else {
        nil
      }
    default: nil
    }
  }
}
