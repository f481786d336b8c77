// SPDX-License-Identifier: Apache-2.0

/// A call that is rewritten while parsing, such as `has(a.b)` or `list.all(x, p)`.
public struct Macro: Sendable {
  /// The function's name. A namespaced macro is a member whose expansion looks at the target: `cel.bind(…)` is `bind` on
  /// the identifier `cel`, and the expansion returns nil for any other target.
  public let name: String
  /// Whether it is called on something: `target.name(…)`.
  public let isMember: Bool
  /// How many arguments it takes; nil for any number.
  public let argumentCount: Int?
  /// Rewrites a call; nil leaves it the call it is.
  public let expand: Expansion

  /// Rewrites a call, from what it is called on and its arguments.
  public typealias Expansion =
    @Sendable (inout MacroContext, _ target: Expr?, _ arguments: [Expr]) throws(MacroError) -> Expr?

  /// A macro.
  public init(_ name: String, member isMember: Bool, arguments: Int?, _ expand: @escaping Expansion) {
    self.name = name
    self.isMember = isMember
    self.argumentCount = arguments
    self.expand = expand
  }
}

/// Why a macro cannot be what was written.
public struct MacroError: Error, Sendable {
  /// Where, as a UTF-8 offset.
  public let offset: Int
  /// The reason, in plain words.
  public let message: String

  /// The fault of one argument.
  public init(_ expression: Expr, _ message: String) {
    self.offset = expression.offset
    self.message = message
  }
}

/// Makes the nodes of an expansion, each with an id of its own and the place of the call.
public struct MacroContext: Sendable {
  var nextID: Int
  let offset: Int

  /// The accumulator's name; no expression can write it.
  public static let accumulator = "@result"

  /// A node.
  public mutating func make(_ kind: Expr.Kind) -> Expr {
    nextID += 1
    return Expr(id: nextID, offset: offset, kind)
  }

  /// A constant.
  public mutating func literal(_ value: Value) -> Expr { make(.literal(value)) }

  /// A name.
  public mutating func identifier(_ name: String) -> Expr { make(.identifier(name)) }

  /// A call of a function, or of an operator such as `_+_`.
  public mutating func call(_ function: String, _ arguments: Expr...) -> Expr {
    make(.call(target: nil, function: function, arguments: arguments))
  }

  /// A call on something.
  public mutating func call(on target: Expr, _ function: String, _ arguments: Expr...) -> Expr {
    make(.call(target: target, function: function, arguments: arguments))
  }

  /// A list of these elements.
  public mutating func list(_ elements: Expr...) -> Expr {
    make(.list(elements.map { Expr.Element(value: $0, isOptional: false) }))
  }

  /// `name` bound to `value` in `body`: a comprehension over nothing.
  public mutating func bind(_ name: String, to value: Expr, in body: Expr) -> Expr {
    let fold = Expr.Comprehension(
      iterationVariable: "#unused", secondVariable: nil, range: make(.list([])), accumulator: name,
      initial: value, condition: literal(.bool(false)), step: identifier(name), result: body)
    return make(.comprehension(fold))
  }
}
