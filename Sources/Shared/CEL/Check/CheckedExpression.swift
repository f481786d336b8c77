// SPDX-License-Identifier: Apache-2.0

/// A parsed expression with what the checker found out about each node.
package struct CheckedExpression: Sendable {
  /// What a name or a call means.
  package enum Reference: Sendable {
    /// A variable of the environment, by slot.
    case variable(slot: Int)
    /// A variable of an enclosing comprehension or `cel.bind`.
    case local(String)
    /// A constant, or the name of a type.
    case constant(Value)
    /// A function's overloads that can apply; more than one if that is only known at run time.
    case overloads([Overload])
  }

  /// The tree.
  package let root: Expr
  /// The source it was read from.
  package let source: String
  /// By node id. Absent ids are dyn.
  package let types: [Int: ValueType]
  /// By node id. The reference of a qualified name is stored at its outermost selection.
  package let references: [Int: Reference]
  /// Whether the checker ran.
  package let isChecked: Bool

  /// A part of this expression, as an expression of its own.
  package func part(_ root: Expr) -> CheckedExpression {
    CheckedExpression(root: root, source: source, types: types, references: references, isChecked: isChecked)
  }

  /// The type of a node.
  package func type(_ expression: Expr) -> ValueType { types[expression.id] ?? .dyn }
}
