// SPDX-License-Identifier: Apache-2.0

/// `left == right`, or `left != right`
final class EqualNode: Node, @unchecked Sendable {
  let left: Node
  let right: Node
  let isNegated: Bool

  init(_ expression: Expr, _ left: Node, _ right: Node, isNegated: Bool) {
    self.left = left
    self.right = right
    self.isNegated = isNegated
    super.init(offset: expression.offset, cost: left.cost + right.cost + 1)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    let leftValue = try left.evaluate(&activation)
    let rightValue = try right.evaluate(&activation)
    return try activation.areEqual(leftValue, rightValue) != isNegated
  }
}

/// `operand == "text"`, or `!=`
final class EqualStringNode: Node, @unchecked Sendable {
  let operand: Node
  let text: StringConstant
  let isNegated: Bool

  init(_ expression: Expr, _ operand: Node, _ text: String, isNegated: Bool) {
    self.operand = operand
    self.text = StringConstant(text)
    self.isNegated = isNegated
    super.init(offset: expression.offset, cost: operand.cost + 1 + text.utf8.count / 64)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    switch try operand.evaluate(&activation) {
    case .foreign(let foreign):
      let isEqual = text.equals(foreign)
      try activation.settle(foreign.source)
      return isEqual != isNegated
    case .string(let string): return text.string.isUTF8Equal(to: string) != isNegated
    default: return isNegated
    }
  }
}

/// `left < right` and the other order operators
final class OrderNode: Node, @unchecked Sendable {
  enum Relation: Sendable {
    case less, lessOrEqual, greater, greaterOrEqual

    @inline(__always)
    func holds<T: Comparable>(_ left: T, _ right: T) -> Bool {
      switch self {
      case .less: left < right
      case .lessOrEqual: left <= right
      case .greater: left > right
      case .greaterOrEqual: left >= right
      }
    }

    var symbol: String {
      switch self {
      case .less: "<"
      case .lessOrEqual: "<="
      case .greater: ">"
      case .greaterOrEqual: ">="
      }
    }

    func holds(_ order: NumericOrder) -> Bool {
      switch (self, order) {
      case (.less, .less), (.lessOrEqual, .less), (.lessOrEqual, .same): true
      case (.greater, .greater), (.greaterOrEqual, .greater), (.greaterOrEqual, .same): true
      default: false
      }
    }
  }

  let left: Node
  let right: Node
  let relation: Relation

  init(_ expression: Expr, _ left: Node, _ right: Node, _ relation: Relation) {
    self.left = left
    self.right = right
    self.relation = relation
    super.init(offset: expression.offset, cost: left.cost + right.cost + 1)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    let leftValue = try left.evaluate(&activation)
    let rightValue = try right.evaluate(&activation)
    if case .int(let left) = leftValue, case .int(let right) = rightValue {
      return relation.holds(left, right)
    }
    let (left, right) = (leftValue.native, rightValue.native)
    try activation.settle(leftValue)
    try activation.settle(rightValue)
    return try compare(left, right, &activation)
  }

  private func compare(
    _ left: Value, _ right: Value, _ activation: inout Activation
  ) throws(EvaluationError) -> Bool {
    switch (left, right) {
    case (.string(let left), .string(let right)):
      try activation.spend(min(left.utf8.count, right.utf8.count) / 10)
      return relation.holds(left.compareUTF8(to: right), 0)
    case (.bool(let left), .bool(let right)): return relation.holds(left ? 1 : 0, right ? 1 : 0)
    case (.timestamp(let left), .timestamp(let right)): return relation.holds(left, right)
    case (.duration(let left), .duration(let right)): return relation.holds(left, right)
    case (.bytes(let left), .bytes(let right)):
      try activation.spend(min(left.count, right.count) / 10)
      let order = unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in unsafe UTF8Order.compare(left, right) }
      }
      return relation.holds(order, 0)
    default:
      guard let order = left.numericOrder(right) else { throw mismatch(relation.symbol, left, right) }
      return relation.holds(order)
    }
  }
}

/// `left in right`
final class InNode: Node, @unchecked Sendable {
  let left: Node
  let right: Node

  init(_ expression: Expr, _ left: Node, _ right: Node) {
    self.left = left
    self.right = right
    super.init(offset: expression.offset, cost: left.cost + right.cost + 1)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    let element = try left.evaluate(&activation)
    let container = try right.argument(&activation)
    switch container {
    case .list(let list):
      try activation.spend(list.count)
      for candidate in list.rawElements {
        if try activation.areEqual(candidate, element) { return true }
      }
      return false
    case .map(let map):
      try activation.spend(element.costAsKey)
      return map.rawValue(element) != nil
    default: throw mismatch("in", element, container)
    }
  }
}

/// `operand in ["a", "b", 3]`, with a constant list
final class InConstantsNode: Node, @unchecked Sendable {
  let operand: Node
  let strings: StringSet
  let others: Set<MapKey>

  /// Returns nil unless each element can be hashed and is equal only to values with the same hash.
  init?(_ expression: Expr, _ operand: Node, _ list: ListValue) {
    var strings: [String] = []
    var others: Set<MapKey> = []
    for element in list {
      if case .string(let string) = element {
        strings.append(string)
      } else if let key = MapKey(element), !key.isGreatest {
        others.insert(key)
      } else {
        return nil
      }
    }
    self.operand = operand
    self.strings = StringSet(strings)
    self.others = others
    let longest = strings.reduce(0) { max($0, $1.utf8.count) }
    super.init(offset: expression.offset, cost: operand.cost + 1 + longest / 8)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    switch try operand.evaluate(&activation) {
    case .foreign(let foreign):
      guard foreign.kind == .string else {
        return foreign.kind == .number && containsOther(foreign.native)
      }
      let isElement = strings.contains(foreign)
      try activation.settle(foreign.source)
      return isElement
    case .string(let string): return strings.contains(string)
    case let other: return containsOther(other)
    }
  }

  private func containsOther(_ value: Value) -> Bool {
    guard !others.isEmpty, let key = MapKey(value) else { return false }
    return others.contains(key)
  }
}

extension Value {
  /// The cost of comparing two values, in addition to 1: the smaller of their weights.
  @inline(__always)
  func costOfComparing(with other: Value) -> Int {
    isScalar || other.isScalar ? 0 : min(weight, other.weight) - 1
  }

  @inline(__always)
  private var isScalar: Bool {
    switch self {
    case .null, .bool, .int, .uint, .double: true
    default: false
    }
  }
}
