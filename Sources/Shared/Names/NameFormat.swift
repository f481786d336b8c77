// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' rules for names, label keys and label values, with the API server's own messages.
///
/// Each function returns what is wrong with a value, nothing when it is valid. The rules and their texts are
/// those of k8s.io/apimachinery's validation.
package enum NameFormat {
  /// Longest DNS label, label value and name part of a qualified name, in bytes.
  package static let labelLimit = 63
  /// Longest DNS subdomain, in bytes.
  package static let subdomainLimit = 253

  /// A lowercase RFC 1123 label, as namespaces are named.
  package static func dns1123Label(_ value: String) -> [String] {
    var problems = tooLong(value, limit: labelLimit)
    if !isDNS1123Label(value.utf8) {
      problems.append(
        isDNS1123Subdomain(value.utf8)
          ? "must not contain dots"
          : mismatch(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must"
              + " start and end with an alphanumeric character",
            pattern: "[a-z0-9]([-a-z0-9]*[a-z0-9])?", examples: ["my-name", "123-abc"]))
    }
    return problems
  }

  /// A lowercase RFC 1123 subdomain, as most objects are named.
  package static func dns1123Subdomain(_ value: String) -> [String] {
    var problems = tooLong(value, limit: subdomainLimit)
    if !isDNS1123Subdomain(value.utf8) {
      problems.append(
        mismatch(
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and"
            + " must start and end with an alphanumeric character",
          pattern: #"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"#,
          examples: ["example.com"]))
    }
    return problems
  }

  /// An RFC 1035 label, as services are named: it starts with a letter.
  package static func dns1035Label(_ value: String) -> [String] {
    var problems = tooLong(value, limit: labelLimit)
    if !isDNS1123Label(value.utf8) || !(value.utf8.first.map(isLowercase) ?? false) {
      problems.append(
        mismatch(
          "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic"
            + " character, and end with an alphanumeric character",
          pattern: "[a-z]([-a-z0-9]*[a-z0-9])?", examples: ["my-name", "abc-123"]))
    }
    return problems
  }

  /// `[prefix/]name`, the form of label and annotation keys.
  package static func qualifiedName(_ value: String) -> [String] {
    let explanation =
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
      + " character"
    let pattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
    let examples = ["MyName", "my.name", "123-abc"]

    let parts = value.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    var problems: [String] = []
    guard let name = parts.last, parts.count <= 2 else {
      return [
        "a valid label key " + mismatch(explanation, pattern: pattern, examples: examples)
          + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
      ]
    }
    if parts.count == 2, let prefix = parts.first {
      problems +=
        (prefix.isEmpty ? ["must be non-empty"] : dns1123Subdomain(String(decoding: prefix, as: UTF8.self)))
        .map { "prefix part " + $0 }
    }
    if name.isEmpty {
      problems.append("name part must be non-empty")
    } else if name.count > labelLimit {
      problems.append("name part must be no more than \(labelLimit) bytes")
    }
    if !isLabelText(name) {
      problems.append("name part " + mismatch(explanation, pattern: pattern, examples: examples))
    }
    return problems
  }

  /// A label's value: empty, or up to 63 letters, digits, `-`, `_` and `.`.
  package static func labelValue(_ value: String) -> [String] {
    var problems = tooLong(value, limit: labelLimit)
    if !value.isEmpty, !isLabelText(value.utf8) {
      problems.append(
        mismatch(
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and"
            + " must start and end with an alphanumeric character",
          pattern: "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", examples: ["MyValue", "my_value", "12345"]))
    }
    return problems
  }

  /// `value` as it is checked when it is only the beginning of a name (`generateName`): a trailing dash is
  /// fine, since characters follow it.
  package static func maskingTrailingDash(_ value: String) -> String {
    let bytes = Array(value.utf8)
    guard bytes.count > 1, bytes.last == UInt8(ascii: "-") else { return value }
    return String(decoding: bytes.dropLast(2), as: UTF8.self) + "a"
  }

  // MARK: - The grammars

  private static func isLowercase(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLowercase(byte | 0x20) }

  private static func isDNS1123Label(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
    guard let first = bytes.first, let last = bytes.last, first != UInt8(ascii: "-"),
      last != UInt8(ascii: "-")
    else { return false }
    return bytes.allSatisfy { isLowercase($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
  }

  private static func isDNS1123Subdomain(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
    Array(bytes).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .allSatisfy { isDNS1123Label($0) }
  }

  private static func isLabelText(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
    guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else {
      return false
    }
    return bytes.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
  }

  // MARK: - The messages

  private static func tooLong(_ value: String, limit: Int) -> [String] {
    value.utf8.count > limit ? ["must be no more than \(limit) bytes"] : []
  }

  private static func mismatch(_ explanation: String, pattern: String, examples: [String]) -> String {
    let shown = examples.map { "'\($0)', " }.joined(separator: " or ")
    return "\(explanation) (e.g. \(shown)regex used for validation is '\(pattern)')"
  }
}
