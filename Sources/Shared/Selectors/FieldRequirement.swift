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

  /// Whether an object whose field has this text, or is missing (nil), meets the requirement.
  ///
  /// Numbers and booleans are compared by their JSON text.
  package func matches(_ text: String?) -> Bool {
    matches((text ?? "").utf8)
  }

  /// Whether an object whose field has this text, in UTF-8, meets the requirement; empty for a missing one.
  package func matches(_ text: some Collection<UInt8>) -> Bool {
    value.utf8.elementsEqual(text) == (`operator` == .equals)
  }

  package var description: String { "\(field)\(`operator`.rawValue)\(FieldSelector.escaped(value))" }
}
