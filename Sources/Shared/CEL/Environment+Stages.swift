// SPDX-License-Identifier: Apache-2.0

/// The stages of compilation, for modules that inspect the tree between them.
extension Environment {
  /// Parses an expression and expands its macros.
  package func parse(_ source: String) throws(CompileError) -> ParsedExpression {
    try DeepStack.run(for: source) { () throws(CompileError) in try read(source) }
  }

  private func read(_ source: String) throws(CompileError) -> ParsedExpression {
    guard source.utf8.count <= limits.sourceSize else {
      throw CompileError(
        .limit, "the expression is longer than \(limits.sourceSize) bytes", in: "", at: 0)
    }
    do throws(SyntaxError) {
      var parser = try Parser(source, macros: options.macros ? declarations.macros : [:], limits: limits)
      let root = try parser.parse()
      return ParsedExpression(root: root, source: source)
    } catch {
      throw CompileError(
        error.code, error.message, in: source, at: error.offset, suggestion: error.suggestion)
    }
  }

  /// Resolves names, and checks types if the options ask for it.
  package func check(_ parsed: ParsedExpression) throws(CompileError) -> CheckedExpression {
    try DeepStack.run(for: parsed.source) { () throws(CompileError) in try resolve(parsed) }
  }

  private func resolve(_ parsed: ParsedExpression) throws(CompileError) -> CheckedExpression {
    var checker = Checker(self)
    do throws(Checker.CheckError) {
      try checker.run(parsed.root)
    } catch {
      throw CompileError(
        error.code, error.message, in: parsed.source, at: error.offset, suggestion: error.suggestion)
    }
    return CheckedExpression(
      root: parsed.root, source: parsed.source, types: checker.types, references: checker.references,
      isChecked: options.checks)
  }

  /// Makes the executable tree.
  ///
  /// `resolve` can replace any subtree by a slot, for example a path such as `object.status.phase` or
  /// `has(object.metadata.labels)`. The caller then sets the value or ``Activation/Absence`` of that slot
  /// before each evaluation.
  package func plan(
    _ checked: CheckedExpression, claiming resolve: (Expr) -> Int? = { _ in nil }
  ) throws(CompileError) -> Program {
    try withoutActuallyEscaping(resolve) { (resolve) throws(CompileError) in
      try DeepStack.run(for: checked.source) { () throws(CompileError) in try make(checked, resolve) }
    }
  }

  private func make(
    _ checked: CheckedExpression, _ claims: @escaping (Expr) -> Int?
  ) throws(CompileError) -> Program {
    var planner = Planner(self, checked, claims: claims)
    do throws(Planner.PlanError) {
      let root = try planner.plan(checked.root)
      return Program(
        resultType: checked.type(checked.root), usedSlots: planner.usedSlots.sorted(), root: root,
        identity: identity, localCount: planner.localCount, defaultCostLimit: limits.cost)
    } catch {
      throw CompileError(error.code, error.message, in: checked.source, at: error.offset)
    }
  }

  /// All stages at once.
  func compileHere(_ source: String) throws(CompileError) -> Program {
    try make(resolve(read(source)), { _ in nil })
  }
}

/// An expression after parsing.
package struct ParsedExpression: Sendable {
  /// The tree, with its macros expanded.
  package let root: Expr
  /// The source text.
  package let source: String

  /// Creates an expression from a tree that was changed after parsing `source`.
  package init(root: Expr, source: String) {
    self.root = root
    self.source = source
  }
}
