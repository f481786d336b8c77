// SPDX-License-Identifier: Apache-2.0

/// Bounds on what evaluating will cost, found without evaluating.
///
/// At least: the parts that every evaluation pays for. At most: every loop over a list literal taken whole; `Int.max` as
/// soon as a loop or a call's cost hangs on data.
struct CostEstimate {
  let environment: Environment

  func estimate(_ checked: CheckedExpression) -> ClosedRange<Int> {
    let bounds = bounds(checked.root, checked)
    return bounds.least...max(bounds.least, bounds.most)
  }

  private struct Bounds {
    var least: Int
    var most: Int

    static func + (left: Bounds, right: Bounds) -> Bounds {
      Bounds(least: left.least + right.least, most: add(left.most, right.most))
    }

    static func add(_ left: Int, _ right: Int) -> Int {
      let (sum, overflow) = left.addingReportingOverflow(right)
      return overflow ? .max : sum
    }
  }

  private func bounds(_ expression: Expr, _ checked: CheckedExpression) -> Bounds {
    switch expression.kind {
    case .literal: return Bounds(least: 0, most: 0)
    case .identifier: return Bounds(least: 1, most: 1)
    case .comprehension(let fold) where fold.isBinding:
      let value = bounds(fold.initial, checked)
      let body = bounds(fold.result, checked)
      return Bounds(least: body.least + 1, most: Bounds.add(body.most, 1))
        + Bounds(least: 0, most: value.most)
    case .comprehension(let fold):
      let range = bounds(fold.range, checked)
      let step = bounds(fold.step, checked)
      guard case .list(let elements) = fold.range.kind else {
        return Bounds(least: range.least + 1, most: .max)
      }
      let (product, overflow) = Bounds.add(step.most, 1).multipliedReportingOverflow(by: elements.count)
      return range + Bounds(least: 1, most: overflow ? .max : Bounds.add(product, 1))
    default:
      var sum = Bounds(least: 1, most: 1)
      for child in expression.children { sum = sum + bounds(child, checked) }
      if case .call(_, let function, _) = expression.kind, !isFlat(expression, function, checked) {
        sum.most = .max
      }
      return isChoice(expression) ? Bounds(least: 1, most: sum.most) : sum
    }
  }

  /// Whether only one of its parts may be paid for.
  private func isChoice(_ expression: Expr) -> Bool {
    if case .call(nil, "_?_:_", _) = expression.kind { return true }
    return false
  }

  /// Whether a call costs the same for all arguments.
  private func isFlat(_ expression: Expr, _ function: String, _ checked: CheckedExpression) -> Bool {
    let logic: Set<String> = [
      "_&&_", "_||_", "!_", "_?_:_", "_[_]", "_[?_]", "_?._", "@not_strictly_false", "-_",
    ]
    if logic.contains(function) { return true }
    if expression.children.contains(where: { $0.isStringLiteral }), ["_==_", "_!=_"].contains(function) {
      return true
    }
    guard expression.children.allSatisfy({ checked.type($0).isSmall }) else { return false }
    guard case .overloads(let overloads) = checked.references[expression.id] else { return false }
    return overloads.allSatisfy {
      if case .constant = $0.cost { return true }
      return false
    }
  }
}

extension Expr {
  fileprivate var isStringLiteral: Bool {
    if case .literal(.string) = kind { return true }
    return false
  }
}

extension ValueType {
  /// Whether all its values have one size.
  fileprivate var isSmall: Bool {
    switch self {
    case .null, .bool, .int, .uint, .double, .timestamp, .duration, .type: true
    default: false
    }
  }
}
