// SPDX-License-Identifier: Apache-2.0

import CEL
import JSON

/// Compiles the parts of an expression that compare a path with literals, or with a value of `old`, into
/// comparisons of bytes.
///
/// Comparisons of bytes do not count towards the cost limit, so their number is limited: an expression of 100,000
/// bytes could search a text of a megabyte thousands of times. The program evaluates the others and counts steps.
struct ConditionMaker {
  let finder: PathFinder
  /// Whether a condition compares with a value of `old`: comparing bytes does not decide this for each line.
  private(set) var comparesWithOld = false
  /// What the comparisons still may cost together. A search reads a whole text, other comparisons few bytes.
  private var budget = 256
  private static let costOfSearch = 16

  init(finder: PathFinder) { self.finder = finder }

  /// The operands of the outermost `&&`, in order.
  static func clauses(_ expression: Expr) -> [Expr] {
    guard case .call(nil, "_&&_", let arguments) = expression.kind else { return [expression] }
    return arguments.flatMap(clauses)
  }

  /// The condition that an expression states, or nil if comparing bytes is not enough.
  mutating func condition(_ expression: Expr) -> Condition? {
    let before = budget
    if let condition = unboundedCondition(expression), budget >= 0 { return condition }
    budget = before
    return nil
  }

  private mutating func unboundedCondition(_ expression: Expr) -> Condition? {
    if case .literal(.bool(let value)) = expression.kind { return value ? .all([]) : .any([]) }
    if case .select(_, _, true) = expression.kind {
      return path(expression).map { .comparison(Comparison(.has, path: $0)) }
    }
    if let path = path(expression) { return .comparison(Comparison(.isTrue, path: path)) }
    guard case .call(let target, let function, let arguments) = expression.kind else { return nil }
    if let target { return member(target, function, arguments) }
    switch (function, arguments.count) {
    case ("_&&_", _): return all(arguments).map(Condition.all)
    case ("_||_", _): return all(arguments).map(Condition.any)
    case ("!_", 1): return condition(arguments[0]).map(Condition.not)
    case ("@in", 2): return membership(arguments[0], arguments[1])
    case (_, 2): return relation(function, arguments[0], arguments[1])
    default: return nil
    }
  }

  private mutating func all(_ parts: [Expr]) -> [Condition]? {
    var conditions: [Condition] = []
    for part in parts {
      guard let condition = condition(part) else { return nil }
      conditions.append(condition)
    }
    return conditions
  }

  private func path(_ expression: Expr) -> Int? { finder.pathOfNode[expression.id] }

  /// A path whose value is read, which excludes `has(path)`.
  private func read(_ expression: Expr) -> Int? {
    if case .select(_, _, true) = expression.kind { return nil }
    return path(expression)
  }

  private mutating func member(_ target: Expr, _ function: String, _ arguments: [Expr]) -> Condition? {
    let operations: [String: Comparison.Operation] = [
      "startsWith": .startsWith, "endsWith": .endsWith, "contains": .contains,
    ]
    guard let operation = operations[function], arguments.count == 1, let path = read(target),
      case .string(let text)? = operand(arguments[0])
    else { return nil }
    return comparison(
      Comparison(operation, path: path, operands: [.string(text)]),
      cost: operation == .startsWith ? 1 : Self.costOfSearch)
  }

  private mutating func membership(_ element: Expr, _ list: Expr) -> Condition? {
    guard let path = read(element), case .list(let elements) = list.kind else { return nil }
    var operands: [Comparison.Operand] = []
    for element in elements {
      guard !element.isOptional, let operand = operand(element.value) else { return nil }
      operands.append(operand)
    }
    return comparison(Comparison(.oneOf, path: path, operands: operands))
  }

  private mutating func relation(_ function: String, _ left: Expr, _ right: Expr) -> Condition? {
    let operations: [String: (Comparison.Operation, Comparison.Operation)] = [
      "_==_": (.equal, .equal), "_!=_": (.notEqual, .notEqual), "_<_": (.less, .greater),
      "_<=_": (.lessOrEqual, .greaterOrEqual), "_>_": (.greater, .less),
      "_>=_": (.greaterOrEqual, .lessOrEqual),
    ]
    guard let (operation, mirrored) = operations[function] else { return nil }
    if let path = read(left), let operand = operand(right) { return compare(operation, path, operand) }
    if let path = read(right), let operand = operand(left) { return compare(mirrored, path, operand) }
    if let path = read(left), let keys = readOld(right) { return compareWithOld(operation, path, keys) }
    if let path = read(right), let keys = readOld(left) { return compareWithOld(mirrored, path, keys) }
    guard finder.comparesOldWithNull([left, right]) else { return nil }
    return operation == .equal ? .not(.hasPeer) : operation == .notEqual ? .hasPeer : nil
  }

  /// The path below `old` whose value is read.
  private func readOld(_ expression: Expr) -> [String]? {
    if case .select(_, _, true) = expression.kind { return nil }
    return finder.oldPathOfNode[expression.id]
  }

  /// As long texts may be compared, this costs as much as a search.
  private mutating func compareWithOld(
    _ operation: Comparison.Operation, _ path: Int, _ keys: [String]
  ) -> Condition? {
    comparesWithOld = true
    budget -= Self.costOfSearch
    return .peerComparison(PeerComparison(operation, path: path, keys: keys, detour: "object"))
  }

  private mutating func compare(
    _ operation: Comparison.Operation, _ path: Int, _ operand: Comparison.Operand
  ) -> Condition? {
    switch (operation, operand) {
    case (.equal, _), (.notEqual, _), (_, .number), (_, .string):
      comparison(Comparison(operation, path: path, operands: [operand]))
    default: nil
    }
  }

  private mutating func comparison(_ comparison: Comparison, cost: Int = 1) -> Condition {
    budget -= cost
    return .comparison(comparison)
  }

  /// A literal that JSON values can be compared with.
  private func operand(_ expression: Expr) -> Comparison.Operand? {
    guard case .literal(let value) = expression.kind else { return nil }
    switch value.native {
    case .null: return .null
    case .bool(let value): return .bool(value)
    case .int(let value): return .number(.int(value))
    case .uint(let value): return .number(.uint(value))
    case .double(let value): return value.isNaN ? nil : .number(.double(value))
    case .string(let value): return .string(Array(value.utf8))
    default: return nil
    }
  }
}

extension Condition {
  /// The comparisons with constants that have to be equal.
  var equalities: [(path: Int, operand: Comparison.Operand)] {
    switch self {
    case .comparison(let comparison):
      guard [.equal, .oneOf].contains(comparison.operation) else { return [] }
      return comparison.operands.map { (comparison.path, $0) }
    case .all(let parts), .any(let parts): return parts.flatMap(\.equalities)
    case .not, .peerComparison, .hasPeer: return []
    }
  }
}
