// SPDX-License-Identifier: Apache-2.0

/// The stages of compiling, one by one, for those of our modules that look at the tree between them.
extension Environment {
  /// Reads an expression and expands its macros.
  package func parse(_ source: String) throws(CompileError) -> ParsedExpression {
    throw CompileError(.syntax, "not yet", in: source, at: 0)
  }

  /// Resolves names, and checks types when the options say so.
  package func check(_ parsed: ParsedExpression) throws(CompileError) -> CheckedExpression {
    CheckedExpression(root: parsed.root, source: parsed.source, types: [:], references: [:], isChecked: false)
  }

  /// Makes the tree that runs.
  ///
  /// `resolve` may claim any subtree, a path such as `object.status.phase` or `has(object.metadata.labels)`: reading
  /// it then reads the slot it names, whose value or ``Activation/Absence`` the caller has set beforehand.
  package func plan(
    _ checked: CheckedExpression, claiming resolve: (Expr) -> Int? = { _ in nil }
  ) throws(CompileError) -> Program {
    throw CompileError(.syntax, "not yet", in: checked.source, at: 0)
  }
}

/// An expression as read.
package struct ParsedExpression: Sendable {
  /// The tree, macros expanded.
  package let root: Expr
  /// What it was read from.
  package let source: String
  /// The greatest id in the tree.
  let lastID: Int
}
