// SPDX-License-Identifier: Apache-2.0

/// One term of a field selector: a field, and the text that it must, or must not, equal.
package struct FieldRequirement: Sendable, Equatable, CustomStringConvertible {
  /// The operators of field selectors; `==` is `=`.
  package enum Operator: String, Sendable { case equals = "=", notEquals = "!=" }

  /// The field as it was written: a path with dots.
  package let field: String
  package let `operator`: Operator
  /// The text compared with, escapes resolved.
  package let value: String

  package init(field: String, operator: Operator, value: String) {
    self.field = field
    self.operator = `operator`
    self.value = value
  }

  /// The keys that lead to the field, from the object down. A leading dot, as in a JSONPath, is allowed.
  package var path: [String] {
    field.split(separator: ".", omittingEmptySubsequences: true).map(String.init)
  }

  package var description: String { "\(field)\(`operator`.rawValue)\(FieldSelector.escaped(value))" }
}
