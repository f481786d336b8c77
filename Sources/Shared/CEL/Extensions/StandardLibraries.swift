// SPDX-License-Identifier: Apache-2.0

/// The libraries of this module, in addition to the standard library, which every environment has.
public enum StandardLibraries {
  /// All libraries, in the specification's dialect. No two of them declare the same name.
  public static let all: [any Library] = libraries(.specification)

  /// All libraries, in a dialect.
  public static func libraries(_ dialect: Dialect) -> [any Library] {
    extensions(dialect) + kubernetes(dialect) + (dialect == .specification ? [] : [TotalMilliseconds()])
  }

  /// cel-go's extensions.
  public static func extensions(_ dialect: Dialect = .celGo) -> [any Library] {
    [
      StringsLibrary(dialect), ListsLibrary(dialect), MathLibrary(), SetsLibrary(), EncodersLibrary(),
      BindingsLibrary(),
      RegexLibrary(), NetworkLibrary(dialect), BlocksLibrary(),
    ]
  }

  /// Kubernetes' additional libraries.
  public static func kubernetes(_ dialect: Dialect = .kubernetes) -> [any Library] {
    [
      KubernetesListsLibrary(), KubernetesRegexLibrary(), URLLibrary(), QuantityLibrary(), FormatLibrary(),
      SemverLibrary(), JSONPatchLibrary(), NetworkLibrary(dialect),
    ]
  }
}
