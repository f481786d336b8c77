// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' `semver` library: semantic versions.
public struct SemverLibrary: Library {
  /// `kubernetes.semver`
  public let name = "kubernetes.semver"

  /// The library.
  public init() {}

  /// Each part between dots is kept as a value of its own.
  private static let reading = Overload.Cost.custom { 30 + 3 * WorkCost.bytes($0[0]) }

  /// Adds the type `kubernetes.Semver` and its functions.
  public func declare(in declarations: inout Declarations) {
    declarations.type(SemanticVersion.celTypeName, SemanticVersion.valueType)
    declarations.function(
      "semver",
      .unary("string_to_semver", cost: Self.reading) { (text: String) throws(EvaluationError) in
        try SemanticVersion(parsing: text)
      },
      .binary("string_bool_to_semver", cost: Self.reading) {
        (text: String, normalising: Bool) throws(EvaluationError) in
        try SemanticVersion(parsing: text, normalising: normalising)
      })
    declarations.function(
      "isSemver",
      .unary("is_semver_string", cost: Self.reading) { (text: String) in
        (try? SemanticVersion(parsing: text)) != nil
      },
      .binary("is_semver_string_bool", cost: Self.reading) { (text: String, normalising: Bool) in
        (try? SemanticVersion(parsing: text, normalising: normalising)) != nil
      })
    declarations.function(
      "major",
      .unary("semver_major", member: true) { (version: SemanticVersion) throws(EvaluationError) in
        try SemverLibrary.int(version.major)
      })
    declarations.function(
      "minor",
      .unary("semver_minor", member: true) { (version: SemanticVersion) throws(EvaluationError) in
        try SemverLibrary.int(version.minor)
      })
    declarations.function(
      "patch",
      .unary("semver_patch", member: true) { (version: SemanticVersion) throws(EvaluationError) in
        try SemverLibrary.int(version.patch)
      })
    declarations.function(
      "isGreaterThan",
      .binary("semver_is_greater_than", member: true, cost: .linear) {
        (left: SemanticVersion, right: SemanticVersion) in
        left.compare(right) > 0
      })
    declarations.function(
      "isLessThan",
      .binary("semver_is_less_than", member: true, cost: .linear) {
        (left: SemanticVersion, right: SemanticVersion) in
        left.compare(right) < 0
      })
    declarations.function(
      "compareTo",
      .binary("semver_compare_to", member: true, cost: .linear) {
        (left: SemanticVersion, right: SemanticVersion) in
        Int64(left.compare(right))
      })
  }

  private static func int(_ number: UInt64) throws(EvaluationError) -> Int64 {
    guard let value = Int64(exactly: number) else { throw EvaluationError(.overflow) }
    return value
  }
}
