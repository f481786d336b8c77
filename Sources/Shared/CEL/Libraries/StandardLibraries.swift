// SPDX-License-Identifier: Apache-2.0

/// The libraries that come with this module, beyond the standard library that every environment has.
public enum StandardLibraries {
  /// cel-go's extensions, newest versions.
  public static let extensions: [any Library] = [
    StringsLibrary(), ListsLibrary(), MathLibrary(), SetsLibrary(), EncodersLibrary(), BindingsLibrary(),
    RegexLibrary(),
    NetworkLibrary(), BlocksLibrary(),
  ]

  /// What Kubernetes adds to them.
  public static let kubernetes: [any Library] = [
    KubernetesListsLibrary(), KubernetesRegexLibrary(), URLLibrary(), QuantityLibrary(), FormatLibrary(),
    SemverLibrary(),
    NetworkLibrary(),
  ]

  /// Everything; no two of them claim the same name.
  public static let all: [any Library] = extensions + kubernetes
}
