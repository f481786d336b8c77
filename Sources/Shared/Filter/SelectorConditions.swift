// SPDX-License-Identifier: Apache-2.0

import JSON
import Selectors

/// Kubernetes selectors as comparisons of bytes. They never fail: a missing value has a defined result, too.
enum SelectorConditions {
  /// The conditions of a field selector: a field that is missing or null equals "".
  static func fields(_ text: String, _ finder: inout PathFinder) throws(FilterError) -> [Condition] {
    let selector: FieldSelector
    do { selector = try FieldSelector(parsing: text) } catch { throw FilterError("field selector: \(error)") }
    var conditions: [Condition] = []
    for requirement in selector.requirements {
      guard !requirement.path.isEmpty else {
        throw FilterError("field selector: '\(requirement)' names no field")
      }
      let path = finder.number(ScopedPath(isAbsolute: false, keys: requirement.path))
      let isEqual = requirement.operator == .equals
      conditions.append(
        .comparison(
          Comparison(
            isEqual ? .textOneOf : .textNoneOf, path: path,
            operands: [.string(Array(requirement.value.utf8))],
            resultWhenMissing: requirement.value.isEmpty == isEqual)))
    }
    return conditions
  }

  /// The conditions of a label selector.
  static func labels(_ text: String, _ finder: inout PathFinder) throws(FilterError) -> [Condition] {
    let selector: LabelSelector
    do { selector = try LabelSelector(parsing: text) } catch { throw FilterError("label selector: \(error)") }
    var conditions: [Condition] = []
    for requirement in selector.requirements {
      let path = finder.number(
        ScopedPath(isAbsolute: false, keys: ["metadata", "labels", requirement.key]))
      let texts = requirement.values.map { Comparison.Operand.string(Array($0.utf8)) }
      let bound = requirement.values.first.flatMap { Int64($0) }.map { Comparison.Operand.number(.int($0)) }
      let comparison =
        switch requirement.operator {
        case .in, .equals, .doubleEquals: Comparison(.textOneOf, path: path, operands: texts)
        case .notIn, .notEquals: Comparison(.textNoneOf, path: path, operands: texts)
        case .exists: Comparison(.exists, path: path)
        case .doesNotExist: Comparison(.existsNot, path: path)
        case .greaterThan: Comparison(.textGreater, path: path, operands: bound.map { [$0] } ?? [])
        case .lessThan: Comparison(.textLess, path: path, operands: bound.map { [$0] } ?? [])
        }
      var condition = comparison
      condition.resultWhenMissing = requirement.matchesMissing
      conditions.append(.comparison(condition))
    }
    return conditions
  }
}
