// SPDX-License-Identifier: Apache-2.0

import CEL

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
  /// The integer that `>` and `<` compare with.
  private let bound: Int64?

  /// Makes a requirement that Kubernetes would accept.
  ///
  /// - Throws: `SelectorError` when the key is no qualified name, a value is no label value, the number of
  ///   values does not fit the operator, or the value of `>` or `<` is no integer.
  package init(key: String, operator: Operator, values: [String]) throws(SelectorError) {
    let problems = NameFormat.qualifiedName(key)
    guard problems.isEmpty else {
      throw SelectorError("key: Invalid value: \"\(key)\": \(problems.joined(separator: "; "))")
    }
    let shown = "[" + values.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    var bound: Int64?
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
      guard let integer = LabelRequirement.integer(value.utf8) else {
        throw SelectorError(
          "values[0]: Invalid value: \"\(value)\": for 'Gt', 'Lt' operators, the value must be an integer")
      }
      bound = integer
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
    self.bound = bound
  }

  /// Whether an object whose label `key` has this value, or has no such label (nil), meets the requirement.
  package func matches(_ value: String?) -> Bool {
    guard let value else { return matchesMissing }
    return matches(value.utf8)
  }

  /// Whether an object without the label meets the requirement: `!key`, `!=` and `notin` do.
  package var matchesMissing: Bool {
    switch `operator` {
    case .notIn, .notEquals, .doesNotExist: true
    case .in, .equals, .doubleEquals, .greaterThan, .lessThan, .exists: false
    }
  }

  /// Whether an object whose label has this value, in UTF-8, meets the requirement.
  package func matches(_ value: some Collection<UInt8>) -> Bool {
    switch `operator` {
    case .in, .equals, .doubleEquals: values.contains { $0.utf8.elementsEqual(value) }
    case .notIn, .notEquals: !values.contains { $0.utf8.elementsEqual(value) }
    case .exists: true
    case .doesNotExist: false
    case .greaterThan: compare(value) { $0 > $1 }
    case .lessThan: compare(value) { $0 < $1 }
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

  private func compare(_ value: some Collection<UInt8>, _ relation: (Int64, Int64) -> Bool) -> Bool {
    guard let bound, let integer = LabelRequirement.integer(value) else { return false }
    return relation(integer, bound)
  }

  /// A decimal int64 with an optional sign, as Go's `ParseInt` reads it; nil for anything else.
  private static func integer(_ bytes: some Collection<UInt8>) -> Int64? {
    guard bytes.count <= 4096 else { return nil }
    return Int64(String(decoding: bytes, as: UTF8.self), radix: 10)
  }
}
