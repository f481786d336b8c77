// SPDX-License-Identifier: Apache-2.0

/// Assigns types to each other, and keeps the bindings of type variables.
struct TypeUnifier {
  private var bindings: [String: ValueType] = [:]
  /// The bindings made by the current assignment, with their previous values, to undo them if it fails.
  private var trail: [(name: String, previous: ValueType?)] = []
  private var lastVariable = 0

  /// A new, unbound type variable, with a name that no declared type parameter can have.
  mutating func freshVariable() -> ValueType {
    lastVariable += 1
    return .parameter("@\(lastVariable)")
  }

  /// The type with all bound variables replaced. Unbound ones remain, or become dyn.
  func resolve(_ type: ValueType, unknownAsDyn: Bool = false) -> ValueType {
    if case .parameter(let name) = type {
      guard let bound = bindings[name] else { return unknownAsDyn ? .dyn : type }
      return resolve(bound, unknownAsDyn: unknownAsDyn)
    }
    let arguments = type.arguments
    guard !arguments.isEmpty else { return type }
    return type.with(arguments: arguments.map { resolve($0, unknownAsDyn: unknownAsDyn) })
  }

  /// Replaces a declaration's type parameters by new type variables.
  mutating func instantiate(_ types: [ValueType]) -> [ValueType] {
    var fresh: [String: ValueType] = [:]
    return types.map { instantiate($0, &fresh) }
  }

  private mutating func instantiate(_ type: ValueType, _ fresh: inout [String: ValueType]) -> ValueType {
    if case .parameter(let name) = type {
      if let known = fresh[name] { return known }
      let variable = freshVariable()
      fresh[name] = variable
      return variable
    }
    let arguments = type.arguments
    guard !arguments.isEmpty else { return type }
    var replaced: [ValueType] = []
    for argument in arguments { replaced.append(instantiate(argument, &fresh)) }
    return type.with(arguments: replaced)
  }

  /// Returns whether `type` can be used where `wanted` is expected. If it can, the new bindings are kept.
  mutating func assign(_ type: ValueType, to wanted: ValueType) -> Bool { assign([type], to: [wanted]) }

  /// Assigns several types. If one of them does not fit, no binding is kept.
  mutating func assign(_ types: [ValueType], to wanted: [ValueType]) -> Bool {
    guard types.count == wanted.count else { return false }
    trail.removeAll(keepingCapacity: true)
    for (type, want) in zip(types, wanted) where !agree(type, want) {
      for change in trail.reversed() { bindings[change.name] = change.previous }
      return false
    }
    return true
  }

  private mutating func agree(_ left: ValueType, _ right: ValueType) -> Bool {
    if case .parameter(let name) = right {
      let (isValid, wasBound) = bind(name, to: left)
      if isValid { return true }
      if wasBound { return false }
    }
    if case .parameter(let name) = left { return bind(name, to: right).isValid }
    switch (left, right) {
    case (.dyn, _), (_, .dyn): return true
    case (.null, _): return right.acceptsNull
    case (_, .null): return left.acceptsNull
    case (.wrapper(let inner), .wrapper(let other)): return inner == other
    case (.wrapper(let inner), let other), (let other, .wrapper(let inner)): return inner == other
    case (.type, .type): return true
    case (.list(let element), .list(let other)): return agree(element, other)
    case (.map(let key, let value), .map(let otherKey, let otherValue)):
      return agree(key, otherKey) && agree(value, otherValue)
    case (.map(let key, let value), .object), (.object, .map(let key, let value)):
      return agree(.string, key) && agree(.dyn, value)
    case (.optional(let inner), .optional(let other)): return agree(inner, other)
    case (.opaque(let name, let arguments), .opaque(let otherName, let others)):
      guard name == otherName, arguments.count == others.count else { return false }
      for (argument, other) in zip(arguments, others) where !agree(argument, other) { return false }
      return true
    default: return left == right
    }
  }

  private mutating func bind(_ name: String, to type: ValueType) -> (isValid: Bool, wasBound: Bool) {
    if case .parameter(name) = type { return (true, true) }
    guard let bound = bindings[name] else {
      guard !mentions(type, name) else { return (false, false) }
      set(name, type)
      return (true, false)
    }
    if bound == type { return (true, true) }
    guard agree(type, bound) else { return (false, true) }
    let general = Self.mostGeneral(type, bound)
    if !mentions(general, name) { set(name, general) }
    return (true, true)
  }

  private mutating func set(_ name: String, _ type: ValueType) {
    trail.append((name, bindings[name]))
    bindings[name] = type
  }

  /// Whether a variable occurs in a type, directly or through the bindings of other variables.
  private func mentions(_ type: ValueType, _ name: String) -> Bool {
    if case .parameter(let other) = type {
      return other == name || bindings[other].map { mentions($0, name) } ?? false
    }
    return type.arguments.contains { mentions($0, name) }
  }

  /// The more general of two types that can be assigned to each other.
  static func mostGeneral(_ left: ValueType, _ right: ValueType) -> ValueType {
    isGeneral(left, as: right) ? left : right
  }

  private static func isGeneral(_ left: ValueType, as right: ValueType) -> Bool {
    switch (left, right) {
    case (.dyn, _), (.parameter, _): return true
    case (_, .dyn), (_, .parameter): return false
    case (.null, .null): return true
    case (.null, _): return false
    case (_, .null): return true
    case (.wrapper, _): return true
    case (_, .wrapper): return false
    case (.type, .type), (.map, .object): return true
    case (.object, .map): return false
    default:
      let arguments = left.arguments
      let others = right.arguments
      guard !arguments.isEmpty, arguments.count == others.count else { return left == right }
      return zip(arguments, others).allSatisfy { isGeneral($0, as: $1) }
    }
  }
}

extension ValueType {
  /// Whether null is a value of the type, as it is for protobuf's message types.
  fileprivate var acceptsNull: Bool {
    switch self {
    case .null, .wrapper, .timestamp, .duration, .opaque, .optional, .object: true
    default: false
    }
  }
}
