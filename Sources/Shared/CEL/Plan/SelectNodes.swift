// SPDX-License-Identifier: Apache-2.0

/// `operand.field`
final class SelectNode: Node, @unchecked Sendable {
  let operand: Node
  let field: FieldName

  init(_ expression: Expr, _ operand: Node, _ field: String) {
    self.operand = operand
    self.field = FieldName(field)
    super.init(offset: expression.offset, cost: operand.cost + 1 + field.utf8.count / 16)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    let value = try operand.evaluate(&activation)
    switch value {
    case .foreign(let foreign):
      let member = foreign.source.member(foreign.node, field)
      try activation.settle(foreign.source)
      if let member { return member }
      throw missing(in: value)
    case .map(let map):
      if let member = map.rawMember(field) { return member }
      throw missing(in: value)
    case .optional(let inner):
      guard let inner else { return .optional(nil) }
      return .optional(try inner.member(field))
    default: throw missing(in: value)
    }
  }

  @inline(never)
  private func missing(in value: Value) -> EvaluationError {
    value.isMap ? error(.noSuchKey, field.string) : error(.noMatchingOverload, field.string)
  }
}

/// `has(operand.field)`
final class HasNode: Node, @unchecked Sendable {
  let operand: Node
  let field: FieldName
  let isFalseForScalars: Bool

  init(_ expression: Expr, _ operand: Node, _ field: String, isFalseForScalars: Bool) {
    self.operand = operand
    self.isFalseForScalars = isFalseForScalars
    self.field = FieldName(field)
    super.init(offset: expression.offset, cost: operand.cost + 1 + field.utf8.count / 16)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    var value = try operand.evaluate(&activation)
    if case .optional(let inner) = value {
      guard let inner else { return false }
      value = inner
    }
    guard value.isMap else {
      if isFalseForScalars, value.isScalar { return false }
      throw error(.noMatchingOverload, field.string)
    }
    let member = try value.member(field)
    try activation.settle(value)
    return member != nil
  }
}

/// `operand.?field`, or `operand[?"field"]`
final class OptionalSelectNode: Node, @unchecked Sendable {
  let operand: Node
  let field: FieldName

  init(_ expression: Expr, _ operand: Node, _ field: String) {
    self.operand = operand
    self.field = FieldName(field)
    super.init(offset: expression.offset, cost: operand.cost + 5 + field.utf8.count / 16)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    var value = try operand.evaluate(&activation)
    if case .optional(let inner) = value {
      guard let inner else { return value }
      value = inner
    }
    if case .null = value { return .optional(nil) }
    guard value.isMap else { throw error(.noMatchingOverload, field.string) }
    let member = try value.member(field)
    try activation.settle(value)
    return .optional(member)
  }
}

/// `operand[index]`
final class IndexNode: Node, @unchecked Sendable {
  let operand: Node
  let index: Node

  init(_ expression: Expr, _ operand: Node, _ index: Node) {
    self.operand = operand
    self.index = index
    super.init(offset: expression.offset, cost: operand.cost + index.cost + 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    let value = try operand.evaluate(&activation)
    let key = try index.evaluate(&activation)
    try activation.spend(key.costAsKey)
    if case .optional(let inner) = value {
      guard let inner else { return value }
      return .optional(try inner.lookup(key))
    }
    let found = try lookup(value, key)
    try activation.settle(value)
    try activation.settle(key)
    guard let found else { throw missing(value, key) }
    return found
  }

  private func lookup(_ value: Value, _ key: Value) throws(EvaluationError) -> Value? {
    do throws(EvaluationError) { return try value.lookup(key) } catch { throw error.located(at: offset) }
  }

  @inline(never)
  private func missing(_ value: Value, _ key: Value) -> EvaluationError {
    value.isMap ? error(.noSuchKey, key.keyText) : error(.indexOutOfBounds, key.keyText)
  }
}

/// `operand[?index]`
final class OptionalIndexNode: Node, @unchecked Sendable {
  let operand: Node
  let index: Node

  init(_ expression: Expr, _ operand: Node, _ index: Node) {
    self.operand = operand
    self.index = index
    super.init(offset: expression.offset, cost: operand.cost + index.cost + 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    var value = try operand.evaluate(&activation)
    let key = try index.evaluate(&activation)
    try activation.spend(key.costAsKey + 4)
    if case .optional(let inner) = value {
      guard let inner else { return value }
      value = inner
    }
    if case .null = value { return .optional(nil) }
    do throws(EvaluationError) {
      let found = try value.lookup(key)
      try activation.settle(value)
      try activation.settle(key)
      return .optional(found)
    } catch { throw error.located(at: offset) }
  }
}

extension Value {
  /// Whether the value has no members and no elements.
  fileprivate var isScalar: Bool {
    switch self {
    case .null, .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration, .type: true
    case .foreign(let foreign): foreign.kind == .string || foreign.kind == .number
    default: false
    }
  }

  var isMap: Bool {
    switch self {
    case .map: true
    case .foreign(let foreign): foreign.kind == .map
    default: false
    }
  }

  /// The member with this name; nil if there is none.
  ///
  /// - Throws: `noMatchingOverload` if this value has no members
  func member(_ field: FieldName) throws(EvaluationError) -> Value? {
    switch self {
    case .map(let map): return map.rawMember(field)
    case .foreign(let foreign) where foreign.kind == .map: return foreign.source.member(foreign.node, field)
    default: throw EvaluationError(.noMatchingOverload, field.string)
    }
  }

  /// The element at an index or the value of a key; nil if there is none.
  ///
  /// - Throws: `noMatchingOverload` if this value cannot be indexed by such a key
  func lookup(_ key: Value) throws(EvaluationError) -> Value? {
    switch self {
    case .list(let list): return list.rawElement(try key.listIndex)
    case .map(let map): return map.rawValue(key)
    case .foreign(let foreign):
      switch foreign.kind {
      case .list: return foreign.source.element(foreign.node, at: try key.listIndex)
      case .map:
        guard case .string(let name) = key.native else { return nil }
        return foreign.source.member(foreign.node, FieldName(name))
      case .number, .string: throw notIndexed(key)
      }
    default: throw notIndexed(key)
    }
  }

  @inline(never)
  private func notIndexed(_ key: Value) -> EvaluationError {
    EvaluationError(.noMatchingOverload, "\(typeName)[\(key.typeName)]")
  }

  /// The cost of hashing the value as a map key.
  @inline(__always)
  var costAsKey: Int {
    if case .string(let text) = self { return text.utf8.count / 16 }
    return 0
  }

  /// The value as a list index; -1 for an index that no list has.
  private var listIndex: Int {
    get throws(EvaluationError) {
      switch native {
      case .int(let value): return Int(value)
      case .uint(let value): return Int(exactly: value) ?? -1
      case .double(let value):
        guard let index = Int(exactly: value) else {
          throw EvaluationError(.noMatchingOverload, "a list index must be a whole number")
        }
        return index
      default: throw .noMatchingOverload
      }
    }
  }

  /// The text of a key, for error messages.
  var keyText: String {
    switch native {
    case .string(let text): text
    case .int(let value): String(value)
    case .uint(let value): String(value)
    case .bool(let value): String(value)
    case .double(let value): String(value)
    default: typeName.description
    }
  }
}
