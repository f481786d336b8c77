// SPDX-License-Identifier: Apache-2.0

/// The implementation that a library or an environment's ``Environment/Options`` follows where
/// implementations differ.
public enum Dialect: Sendable {
  /// cel-go with the newest version of each extension.
  case celGo
  /// The specification, and its conformance suite: the default.
  case specification
  /// The API server of the newest Kubernetes release, which has older versions of some extensions, such as
  /// `format`.
  case kubernetes
}
