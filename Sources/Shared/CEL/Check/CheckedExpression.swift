// SPDX-License-Identifier: Apache-2.0

/// A parsed expression with the checker's results for each node.
package struct CheckedExpression: Sendable {
  /// The meaning of a name or a call.
  package enum Reference: Sendable {
    /// A variable of the environment, by slot.
    case variable(slot: Int)
    /// A variable of an enclosing comprehension or `cel.bind`.
    case local(String)
    /// A constant, or the name of a type.
    case constant(Value)
    /// The overloads that can apply; several if only the values at run time decide.
    case overloads([Overload])
  }

  /// The tree.
  package let root: Expr
  /// The source text of the expression.
  package let source: String
  /// Types by node id. A node without an entry has the type dyn.
  package let types: [Int: ValueType]
  /// References by node id. A qualified name has its reference at its outermost selection.
  package let references: [Int: Reference]
  /// Whether the checker ran.
  package let isChecked: Bool

  /// A subtree as a separate expression, with the same types and references.
  package func part(_ root: Expr) -> CheckedExpression {
    CheckedExpression(root: root, source: source, types: types, references: references, isChecked: isChecked)
  }

  /// The type of a node.
  package func type(_ expression: Expr) -> ValueType { types[expression.id] ?? .dyn }
}
