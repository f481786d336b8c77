// SPDX-License-Identifier: Apache-2.0

/// A parsed expression: a node of the abstract syntax tree, macros already expanded.
public struct Expr: Sendable {
  /// A number of its own within its tree, from 1.
  public let id: Int
  /// The place in the source, as a UTF-8 offset: the operator of an operation, the dot of a selection.
  public let offset: Int
  /// What it is.
  public let kind: Kind
  /// How many levels of nodes it has, itself included.
  let depth: Int

  /// The forms of an expression. Operators are calls of functions named as CEL names them: `_+_`, `_[_]`, `_?_:_`.
  public indirect enum Kind: Sendable {
    case literal(Value)
    case identifier(String)
    /// `operand.field`, or `has(operand.field)` when it only tests.
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
    /// Whether it is written with `?`: left out when it is `optional.none()`.
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
    /// The place of the name, as a UTF-8 offset.
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

  /// A fold over a list or map, which is what the macros become.
  public struct Comprehension: Sendable {
    /// Each element, or each key; with two variables each index or key.
    public var iterationVariable: String
    /// With two variables, each element or value.
    public var secondVariable: String?
    /// What is walked.
    public var range: Expr
    /// The name of the accumulator.
    public var accumulator: String
    /// Its first value.
    public var initial: Expr
    /// The walk continues while this is true.
    public var condition: Expr
    /// The accumulator's next value.
    public var step: Expr
    /// The value of the whole.
    public var result: Expr
  }

  /// An expression.
  public init(id: Int, offset: Int, _ kind: Kind) {
    self.id = id
    self.offset = offset
    self.kind = kind
    self.depth = 1 + kind.children.reduce(0) { max($0, $1.depth) }
  }
}

extension Expr {
  /// The expressions directly inside, in the order in which they are written.
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
