// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' `format` library: a function for each named string format, which returns the format.
public struct FormatLibrary: Library {
  /// `kubernetes.format`
  public let name = "kubernetes.format"

  /// The library.
  public init() {}

  /// Adds the type `kubernetes.NamedFormat`, `format.named`, a function for each format, and `validate`.
  public func declare(in declarations: inout Declarations) {
    declarations.type(NamedFormat.celTypeName, NamedFormat.valueType)
    for format in NamedFormat.all {
      declarations.function(
        "format.\(format.name)", .nullary("format.\(format.name)") { () throws(EvaluationError) in format })
    }
    declarations.function(
      "format.named",
      .unary("format-named", returns: .optional(NamedFormat.valueType)) { (name: String) in
        Value.optional(NamedFormat.named(name)?.celValue)
      })
    declarations.function(
      "validate",
      .binary(
        "format-validate", member: true, returns: .optional(.list(.string)),
        cost: .custom { 60 + 2 * WorkCost.bytes($0[1]) }
      ) {
        (format: NamedFormat, text: String) in
        let problems = format.problems(text)
        return Value.optional(problems.isEmpty ? nil : .list(problems.map(Value.string)))
      })
  }
}
