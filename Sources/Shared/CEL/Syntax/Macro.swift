// SPDX-License-Identifier: Apache-2.0

/// A call that the parser rewrites, such as `has(a.b)` or `list.all(x, p)`.
public struct Macro: Sendable {
  /// The function's name. A macro in a namespace is a member whose expansion tests the target: `cel.bind(…)`
  /// is `bind` on the identifier `cel`, and its expansion returns nil for any other target.
  public let name: String
  /// Whether it is called on a target: `target.name(…)`.
  public let isMember: Bool
  /// The number of arguments; nil for any number.
  public let argumentCount: Int?
  /// Rewrites a call. Nil leaves the call unchanged.
  public let expand: Expansion

  /// Rewrites a call from its target and its arguments.
  public typealias Expansion =
    @Sendable (inout MacroContext, _ target: Expr?, _ arguments: [Expr]) throws(MacroError) -> Expr?

  /// Creates a macro.
  public init(_ name: String, member isMember: Bool, arguments: Int?, _ expand: @escaping Expansion) {
    self.name = name
    self.isMember = isMember
    self.argumentCount = arguments
    self.expand = expand
  }
}

/// An error in the use of a macro.
public struct MacroError: Error, Sendable {
  /// The position, as a UTF-8 offset.
  public let offset: Int
  /// The reason.
  public let message: String

  /// Creates an error at an argument.
  public init(_ expression: Expr, _ message: String) {
    self.offset = expression.offset
    self.message = message
  }
}

/// Creates the nodes of an expansion, each with a new id and the position of the call.
public struct MacroContext: Sendable {
  var nextID: Int
  let offset: Int

  /// The name of the accumulator, which cannot be written in source text.
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

  /// A call of a function or of an operator such as `_+_`.
  public mutating func call(_ function: String, _ arguments: Expr...) -> Expr {
    make(.call(target: nil, function: function, arguments: arguments))
  }

  /// A call on a target.
  public mutating func call(on target: Expr, _ function: String, _ arguments: Expr...) -> Expr {
    make(.call(target: target, function: function, arguments: arguments))
  }

  /// Creates a list of these elements.
  public mutating func list(_ elements: Expr...) -> Expr {
    make(.list(elements.map { Expr.Element(value: $0, isOptional: false) }))
  }

  /// `body` with `name` bound to `value`: a comprehension over an empty list.
  public mutating func bind(_ name: String, to value: Expr, in body: Expr) -> Expr {
    let fold = Expr.Comprehension(
      iterationVariable: "#unused", secondVariable: nil, range: make(.list([])), accumulator: name,
      initial: value, condition: literal(.bool(false)), step: identifier(name), result: body)
    return make(.comprehension(fold))
  }
}
