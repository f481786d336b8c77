// SPDX-License-Identifier: Apache-2.0

extension Checker {
  mutating func list(_ elements: [Expr.Element]) throws(CheckError) -> ValueType {
    var joined: ValueType?
    for element in elements {
      let type = try unwrapped(check(element.value), element.isOptional, element.value)
      joined = join(joined, type)
    }
    return .list(joined ?? unifier.freshVariable())
  }

  mutating func map(_ entries: [Expr.Entry]) throws(CheckError) -> ValueType {
    var keys: ValueType?
    var values: ValueType?
    for entry in entries {
      let key = unifier.resolve(try check(entry.key))
      switch key {
      case .int, .uint, .bool, .string, .dyn, .parameter, .wrapper: break
      default: _ = try fail(entry.key.offset, "a map key must be an int, uint, bool or string, not '\(key)'")
      }
      keys = join(keys, key)
      values = join(values, try unwrapped(check(entry.value), entry.isOptional, entry.value))
    }
    return .map(keys ?? unifier.freshVariable(), values ?? unifier.freshVariable())
  }

  /// The type of an element or entry: for one that is written with `?`, the type inside its optional.
  private mutating func unwrapped(
    _ type: ValueType, _ isOptional: Bool, _ expression: Expr
  ) throws(CheckError) -> ValueType {
    guard isOptional else { return type }
    let resolved = unifier.resolve(type)
    switch resolved {
    case .optional(let inner): return inner
    case .dyn, .parameter: return .dyn
    default:
      return try fail(
        expression.offset, "an entry or element after '?' must be an optional, not '\(resolved)'")
    }
  }

  /// The common type of two elements: the more general one if they agree, else dyn.
  private mutating func join(_ previous: ValueType?, _ current: ValueType) -> ValueType {
    guard let previous else { return current }
    guard unifier.assign(previous, to: current) else { return .dyn }
    return TypeUnifier.mostGeneral(previous, current)
  }

  mutating func message(_ expression: Expr, _ name: String, _ fields: [Expr.Field]) throws(CheckError)
    -> ValueType
  {
    guard let message = resolver.message(name) else {
      for field in fields { _ = try check(field.value) }
      return try fail(
        expression.offset, "unknown message type '\(name)'\(inContainer)", code: .undeclared,
        suggestion: Suggestion.nearest(to: name, among: WellKnownMessage.allCases.map(\.rawValue)))
    }
    for field in fields {
      let type = try unwrapped(check(field.value), field.isOptional, field.value)
      guard let wanted = message.fields[field.name] else {
        _ = try fail(
          field.offset, "\(message.rawValue) has no field '\(field.name)'", code: .undeclared,
          suggestion: Suggestion.nearest(to: field.name, among: message.fields.keys.sorted()))
        continue
      }
      let isNull = unifier.resolve(type) == .null && message == .value && field.name == "null_value"
      guard isNull || unifier.assign(type, to: wanted) else {
        _ = try fail(
          field.value.offset, "field '\(field.name)' is a '\(wanted)', not a '\(unifier.resolve(type))'")
        continue
      }
    }
    return message.type
  }
}
