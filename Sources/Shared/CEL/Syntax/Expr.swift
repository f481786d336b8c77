// SPDX-License-Identifier: Apache-2.0

/// A parsed expression: a node of the abstract syntax tree, macros already expanded.
public struct Expr: Sendable {
  /// The node's number, unique in its tree, from 1.
  public let id: Int
  /// The position in the source, as a UTF-8 offset: that of the operator of an operation, or the dot of a
  /// selection.
  public let offset: Int
  /// The form of the expression.
  public let kind: Kind
  /// The depth of the tree below and including this node.
  let depth: Int

  /// The forms of an expression. Operators are calls of functions with CEL's names for them: `_+_`, `_[_]`,
  /// `_?_:_`.
  public indirect enum Kind: Sendable {
    case literal(Value)
    case identifier(String)
    /// `operand.field`, or `has(operand.field)` if `testOnly`.
    case select(operand: Expr, field: String, testOnly: Bool)
    case call(target: Expr?, function: String, arguments: [Expr])
    /// `[a, ?b]`
    case list([Element])
    /// `{key: value, ?key: value}`
    case map([Entry])
    /// `Name{field: value}`
    case message(name: String, fields: [Field])
    case comprehension(Comprehension)
  }

  /// An element of a list literal.
  public struct Element: Sendable {
    /// The element.
    public let value: Expr
    /// Whether it is written with `?`: then it is left out if it is `optional.none()`.
    public let isOptional: Bool

    package init(value: Expr, isOptional: Bool) {
      self.value = value
      self.isOptional = isOptional
    }
  }

  /// An entry of a map literal.
  public struct Entry: Sendable {
    /// The key.
    public let key: Expr
    /// The value.
    public let value: Expr
    /// Whether it is written with `?`.
    public let isOptional: Bool

    package init(key: Expr, value: Expr, isOptional: Bool) {
      self.key = key
      self.value = value
      self.isOptional = isOptional
    }
  }

  /// A field of a message literal.
  public struct Field: Sendable {
    /// The field's name.
    public let name: String
    /// The position of the name, as a UTF-8 offset.
    public let offset: Int
    /// The value.
    public let value: Expr
    /// Whether it is written with `?`.
    public let isOptional: Bool

    package init(name: String, offset: Int, value: Expr, isOptional: Bool) {
      self.name = name
      self.offset = offset
      self.value = value
      self.isOptional = isOptional
    }
  }

  /// A loop over a list or map with an accumulator. Macros such as `all` and `map` expand to it.
  public struct Comprehension: Sendable {
    /// The variable for each element of a list or key of a map; with two variables, for each index or key.
    public var iterationVariable: String
    /// With two variables, the variable for each element or value.
    public var secondVariable: String?
    /// The list or map.
    public var range: Expr
    /// The name of the accumulator.
    public var accumulator: String
    /// The first value of the accumulator.
    public var initial: Expr
    /// The loop continues while this is true.
    public var condition: Expr
    /// The next value of the accumulator.
    public var step: Expr
    /// The result of the comprehension.
    public var result: Expr
  }

  /// Creates an expression.
  public init(id: Int, offset: Int, _ kind: Kind) {
    self.id = id
    self.offset = offset
    self.kind = kind
    self.depth = 1 + kind.children.reduce(0) { max($0, $1.depth) }
  }
}

extension Expr {
  /// The direct subexpressions, in source order.
  public var children: [Expr] { kind.children }
}

extension Expr.Kind {
  var children: [Expr] {
    switch self {
    case .literal, .identifier: []
    case .select(let operand, _, _): [operand]
    case .call(let target, _, let arguments): (target.map { [$0] } ?? []) + arguments
    case .list(let elements): elements.map(\.value)
    case .map(let entries): entries.flatMap { [$0.key, $0.value] }
    case .message(_, let fields): fields.map(\.value)
    case .comprehension(let fold): [fold.range, fold.initial, fold.condition, fold.step, fold.result]
    }
  }
}
