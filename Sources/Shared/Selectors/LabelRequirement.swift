// SPDX-License-Identifier: Apache-2.0

import Names

/// One condition of a label selector: a key, an operator and, for most operators, values.
package struct LabelRequirement: Sendable, Equatable, CustomStringConvertible {
  /// The operators of Kubernetes' label selectors. `=` and `==` mean the same but print as they were written.
  package enum Operator: String, Sendable, CaseIterable {
    case `in`, notIn = "notin", equals = "=", doubleEquals = "==", notEquals = "!=", greaterThan = "gt"
    case lessThan = "lt", exists, doesNotExist = "!"
  }

  package let key: String
  package let `operator`: Operator
  /// The values, sorted and without repetitions; one for `=`, `==`, `!=`, `>` and `<`, none for existence.
  package let values: [String]

  /// Makes a requirement that Kubernetes would accept.
  ///
  /// - Throws: `SelectorError` when the key is not a qualified name, a value is not a label value, the number
  ///   of values does not fit the operator, or the value of `>` or `<` is not an integer.
  package init(key: String, operator: Operator, values: [String]) throws(SelectorError) {
    let problems = NameFormat.qualifiedName(key)
    guard problems.isEmpty else {
      throw SelectorError("key: Invalid value: \"\(key)\": \(problems.joined(separator: "; "))")
    }
    let shown = "[" + values.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    switch `operator` {
    case .in, .notIn:
      guard !values.isEmpty else {
        throw SelectorError(
          "values: Invalid value: \(shown): for 'in', 'notin' operators, values set can't be empty")
      }
    case .equals, .doubleEquals, .notEquals:
      guard values.count == 1 else {
        throw SelectorError(
          "values: Invalid value: \(shown): exact-match compatibility requires one single value")
      }
    case .exists, .doesNotExist:
      guard values.isEmpty else {
        throw SelectorError(
          "values: Invalid value: \(shown): values set must be empty for exists and does not exist")
      }
    case .greaterThan, .lessThan:
      guard values.count == 1, let value = values.first else {
        throw SelectorError(
          "values: Invalid value: \(shown): for 'Gt', 'Lt' operators, exactly one value is required")
      }
      guard value.utf8.count <= 4096, Int64(value) != nil else {
        throw SelectorError(
          "values[0]: Invalid value: \"\(value)\": for 'Gt', 'Lt' operators, the value must be an integer")
      }
    }
    for (index, value) in values.enumerated() {
      let problems = NameFormat.labelValue(value)
      guard problems.isEmpty else {
        throw SelectorError(
          "values[\(index)][\(key)]: Invalid value: \"\(value)\": \(problems.joined(separator: "; "))")
      }
    }
    self.key = key
    self.operator = `operator`
    self.values = Array(Set(values)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Whether an object without the label meets the requirement: `!key`, `!=` and `notin` do.
  package var matchesMissing: Bool {
    switch `operator` {
    case .notIn, .notEquals, .doesNotExist: true
    case .in, .equals, .doubleEquals, .greaterThan, .lessThan, .exists: false
    }
  }

  package var description: String {
    switch `operator` {
    case .exists: key
    case .doesNotExist: "!\(key)"
    case .in: "\(key) in (\(values.joined(separator: ",")))"
    case .notIn: "\(key) notin (\(values.joined(separator: ",")))"
    case .greaterThan: "\(key)>\(values.joined())"
    case .lessThan: "\(key)<\(values.joined())"
    case .equals, .doubleEquals, .notEquals: "\(key)\(`operator`.rawValue)\(values.joined())"
    }
  }
}
