// SPDX-License-Identifier: Apache-2.0

/// `[a, ?b]`
final class ListNode: Node, @unchecked Sendable {
  let elements: [(node: Node, isOptional: Bool)]

  init(_ expression: Expr, _ elements: [(node: Node, isOptional: Bool)]) {
    self.elements = elements
    super.init(
      offset: expression.offset,
      cost: elements.reduce(Steps.making(elements: elements.count)) { $0 + $1.node.cost })
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    var values: [Value] = []
    values.reserveCapacity(elements.count)
    for element in elements {
      let value = try element.node.evaluate(&activation)
      guard element.isOptional else {
        values.append(value)
        continue
      }
      guard case .optional(let inner) = value else {
        throw error(.noMatchingOverload, "an element after '?' must be an optional")
      }
      if let inner { values.append(inner) }
    }
    return .list(ListValue(values))
  }
}

/// `{key: value, ?key: value}`
final class MapNode: Node, @unchecked Sendable {
  let entries: [(key: Node, value: Node, isOptional: Bool)]

  init(_ expression: Expr, _ entries: [(key: Node, value: Node, isOptional: Bool)]) {
    self.entries = entries
    super.init(
      offset: expression.offset,
      cost: entries.reduce(Steps.making(entries: entries.count)) { $0 + $1.key.cost + $1.value.cost })
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    var builder = MapBuilder()
    for entry in entries {
      let key = try entry.key.evaluate(&activation)
      let value = try entry.value.evaluate(&activation)
      try activation.spend(key.costAsKey)
      do throws(EvaluationError) {
        guard entry.isOptional else {
          try builder.add(key, value)
          continue
        }
        guard case .optional(let inner) = value else { throw .noMatchingOverload }
        if let inner { try builder.add(key, inner) }
      } catch { throw error.located(at: offset) }
    }
    return .map(MapValue(unique: builder.entries))
  }
}

/// Collects the entries of a map literal. A repeated key is an error.
struct MapBuilder {
  private(set) var entries: [(key: Value, value: Value)] = []
  private var seen: Set<MapKey> = []

  init() {}

  mutating func add(_ key: Value, _ value: Value) throws(EvaluationError) {
    let key = key.native
    switch key {
    case .bool, .int, .uint, .string: break
    default: throw EvaluationError(.unsupportedKeyType, key.typeName.description)
    }
    guard let normal = MapKey(key), seen.insert(normal).inserted else {
      throw EvaluationError(.duplicateKey, key.keyText)
    }
    entries.append((key, value))
  }
}

/// `google.protobuf.Int32Value{value: 1}` and the other well-known messages
final class MessageNode: Node, @unchecked Sendable {
  let message: WellKnownMessage
  let fields: [(name: String, value: Node, isOptional: Bool)]

  init(
    _ expression: Expr, _ message: WellKnownMessage, _ fields: [(name: String, value: Node, isOptional: Bool)]
  ) {
    self.message = message
    self.fields = fields
    super.init(offset: expression.offset, cost: fields.reduce(1) { $0 + $1.value.cost + 1 })
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    var given: [(name: String, value: Value)] = []
    for field in fields {
      let value = try field.value.evaluate(&activation)
      // A Struct or ListValue copies every value in it.
      try activation.spend(value.weight)
      guard field.isOptional else {
        given.append((field.name, value))
        continue
      }
      guard case .optional(let inner) = value else { throw error(.noMatchingOverload, field.name) }
      if let inner { given.append((field.name, inner)) }
    }
    do throws(EvaluationError) { return try message.make(given) } catch { throw error.located(at: offset) }
  }
}
