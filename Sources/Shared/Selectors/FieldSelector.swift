// SPDX-License-Identifier: Apache-2.0

/// A field selector: a list of terms. An object matches if it meets all of them.
///
/// A term compares a field of the object, named by its path (`metadata.name`, `spec.nodeName`), with a text.
/// A field that is missing, or null, equals the empty text.
package struct FieldSelector: Sendable, Equatable, CustomStringConvertible {
  /// The terms, ordered by their text.
  package let requirements: [FieldRequirement]

  package init(_ requirements: [FieldRequirement]) { self.requirements = requirements }

  /// Parses a selector in the grammar of `kubectl --field-selector`: `a.b=c,d==e,f!=g`, in whose values `\`
  /// escapes `\`, `,` and `=`.
  ///
  /// - Throws: `SelectorError` with Kubernetes' explanation.
  package init(parsing text: String) throws(SelectorError) {
    let terms = FieldSelector.terms(of: text).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var requirements: [FieldRequirement] = []
    for term in terms where !term.isEmpty {
      guard let parts = FieldSelector.parts(of: term) else {
        throw SelectorError("invalid selector: '\(text)'; can't understand '\(term)'")
      }
      let value = try FieldSelector.unescaped(parts.value)
      // Kubernetes ignores an empty term.
      if parts.field.isEmpty, value.isEmpty { continue }
      requirements.append(
        FieldRequirement(
          field: parts.field, operator: parts.operator == "!=" ? .notEquals : .equals, value: value))
    }
    self.init(requirements)
  }

  /// The canonical form: `=` and `!=` only, values escaped, ordered as parsed.
  package var description: String { requirements.map(\.description).joined(separator: ",") }

  // MARK: - The grammar

  /// The terms between unescaped commas; an empty selector has none.
  package static func terms(of text: String) -> [String] {
    guard !text.isEmpty else { return [] }
    var terms: [[UInt8]] = [[]]
    var isEscaped = false
    for byte in text.utf8 {
      if !isEscaped, byte == UInt8(ascii: ",") {
        terms.append([])
        continue
      }
      isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
      terms[terms.count - 1].append(byte)
    }
    return terms.map { String(decoding: $0, as: UTF8.self) }
  }

  /// A term cut at its first operator (`!=`, `==` or `=`); nil when it has none.
  package static func parts(of term: String) -> (field: String, operator: String, value: String)? {
    let bytes = Array(term.utf8)
    for index in bytes.indices {
      for `operator` in ["!=", "==", "="] where bytes[index...].starts(with: `operator`.utf8) {
        return (
          String(decoding: bytes[..<index], as: UTF8.self), `operator`,
          String(decoding: bytes[(index + `operator`.utf8.count)...], as: UTF8.self)
        )
      }
    }
    return nil
  }

  /// `value` with `\` before each `\`, `,` and `=`.
  package static func escaped(_ value: String) -> String {
    var output: [UInt8] = []
    for byte in value.utf8 {
      if special.contains(byte) { output.append(UInt8(ascii: "\\")) }
      output.append(byte)
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// `value` without its escapes.
  ///
  /// - Throws: `SelectorError` for `\` before anything but `\`, `,` and `=`, and for a bare `,` or `=`.
  package static func unescaped(_ value: String) throws(SelectorError) -> String {
    var output = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in value.unicodeScalars {
      let isSpecial = scalar.isASCII && special.contains(UInt8(truncatingIfNeeded: scalar.value))
      if isEscaped {
        guard isSpecial else {
          throw SelectorError("invalid field selector: invalid escape sequence: \\\(scalar)")
        }
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
        continue
      } else if isSpecial {
        throw SelectorError("invalid field selector: unescaped character in value: \(scalar)")
      }
      output.append(scalar)
    }
    if isEscaped { throw SelectorError("invalid field selector: invalid escape sequence: \\") }
    return String(output)
  }

  private static let special: [UInt8] = Array("\\,=".utf8)
}
