// SPDX-License-Identifier: Apache-2.0

/// The libraries that come with this module, beyond the standard library that every environment has.
public enum StandardLibraries {
  /// Everything, in the specification's dialect; no two libraries claim the same name.
  public static let all: [any Library] = libraries(.specification)

  /// Everything, in the dialect of one implementation.
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

  /// What Kubernetes adds to them.
  public static func kubernetes(_ dialect: Dialect = .kubernetes) -> [any Library] {
    [
      KubernetesListsLibrary(), KubernetesRegexLibrary(), URLLibrary(), QuantityLibrary(), FormatLibrary(),
      SemverLibrary(), JSONPatchLibrary(), NetworkLibrary(dialect),
    ]
  }
}
