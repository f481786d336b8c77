// SPDX-License-Identifier: Apache-2.0

import CEL

/// Finds the paths of a line that a checked expression reads.
struct PathFinder {
  /// The paths, each once.
  private(set) var paths: [ScopedPath] = []
  /// By node id, the path that the node reads, or tests with `has`.
  private(set) var pathOfNode: [Int: Int] = [:]
  /// By node id, the path below `old` that the node reads, or tests with `has`.
  private(set) var oldPathOfNode: [Int: [String]] = [:]
  private(set) var usesNow = false
  private(set) var usesOld = false
  private(set) var usesChanges = false
  /// The paths that are read below `old`. The empty path means all of it.
  private(set) var oldPaths: Set<[String]> = []

  private let checked: CheckedExpression
  private var known: [ScopedPath: Int] = [:]

  init(_ checked: CheckedExpression) {
    self.checked = checked
    visit(checked.root, [])
  }

  /// A path's number; nil if it is not read.
  func number(of path: ScopedPath) -> Int? { known[path] }

  /// A path's number; the same for the same path.
  mutating func number(_ path: ScopedPath) -> Int {
    if let number = known[path] { return number }
    paths.append(path)
    known[path] = paths.count - 1
    return paths.count - 1
  }

  private mutating func visit(_ expression: Expr, _ locals: Set<String>) {
    if let path = path(expression, locals) {
      if known[path] != nil || paths.count < Scope.pathLimit { pathOfNode[expression.id] = number(path) }
      return
    }
    if let path = self.path(expression, locals, old: true) {
      usesOld = true
      oldPaths.insert(path.keys)
      oldPathOfNode[expression.id] = path.keys
      return
    }
    switch expression.kind {
    case .identifier("now") where !locals.contains("now"): usesNow = true
    case .identifier("changes") where !locals.contains("changes"):
      usesChanges = true
      usesOld = true
      oldPaths.insert([])
    case .call(nil, "_==_", let operands) where comparesOldWithNull(operands, locals),
      .call(nil, "_!=_", let operands) where comparesOldWithNull(operands, locals):
      // Comparing `old` with null reads no path of it.
      usesOld = true
    case .comprehension(let fold):
      visit(fold.range, locals)
      visit(fold.initial, locals)
      var inside = locals
      inside.insert(fold.accumulator)
      visit(fold.result, inside)
      inside.insert(fold.iterationVariable)
      if let second = fold.secondVariable { inside.insert(second) }
      visit(fold.condition, inside)
      visit(fold.step, inside)
    default: for child in expression.children { visit(child, locals) }
    }
  }

  /// Whether one of two operands is `old`, and the other one null.
  func comparesOldWithNull(_ operands: [Expr], _ locals: Set<String> = []) -> Bool {
    guard operands.count == 2, !locals.contains("old") else { return false }
    let isOld = operands.map { if case .identifier("old") = $0.kind { true } else { false } }
    let isNull = operands.map { if case .literal(.null) = $0.kind { true } else { false } }
    return isOld[0] && isNull[1] || isNull[0] && isOld[1]
  }

  /// The path that an expression reads, or tests with `has`; nil for any other expression. With `old`: only
  /// paths below `old`.
  private func path(_ expression: Expr, _ locals: Set<String>, old: Bool = false) -> ScopedPath? {
    var keys: [String] = []
    var node = expression
    var isOutermost = true
    while true {
      // A dotted name that is declared as a whole, such as a constant, is not a path.
      if case .select = node.kind, checked.references[node.id] != nil { return nil }
      switch node.kind {
      case .select(let operand, let field, let testOnly):
        guard !testOnly || isOutermost else { return nil }
        keys.append(field)
        node = operand
      case .call(nil, "_[_]", let arguments):
        guard arguments.count == 2, case .literal(.string(let key)) = arguments[1].kind else { return nil }
        keys.append(key)
        node = arguments[0]
      case .identifier(let name):
        guard !locals.contains(name) else { return nil }
        if name == "old" { return old ? ScopedPath(isAbsolute: true, keys: keys.reversed()) : nil }
        return old ? nil : root(node, name, keys.reversed())
      default: return nil
      }
      isOutermost = false
    }
  }

  private func root(_ identifier: Expr, _ name: String, _ keys: [String]) -> ScopedPath? {
    switch checked.references[identifier.id] {
    case .variable:
      switch name {
      case "self": return ScopedPath(isAbsolute: true, keys: keys)
      case "type", "object", "source": return ScopedPath(isAbsolute: true, keys: [name] + keys)
      default: return nil
      }
    case nil:
      // An undeclared name with a type is a key of the object. (The target of a namespaced function has no
      // type.)
      guard checked.types[identifier.id] != nil else { return nil }
      return ScopedPath(isAbsolute: false, keys: [name] + keys)
    default: return nil
    }
  }
}
