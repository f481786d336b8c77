// SPDX-License-Identifier: Apache-2.0

/// Which implementation a library, or an environment's ``Environment/Options``, follows where they differ.
public enum Dialect: Sendable {
  /// cel-go with the newest version of each extension.
  case celGo
  /// The specification, and its conformance suite: the default.
  case specification
  /// Kubernetes' API server of the newest release, which keeps older versions of some extensions, such as `format`.
  case kubernetes
}
