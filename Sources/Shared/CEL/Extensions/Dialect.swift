// SPDX-License-Identifier: Apache-2.0

/// Which implementation a library follows where they differ.
public enum Dialect: Sendable {
  /// cel-go with the newest version of each extension.
  case celGo
  /// The conformance suite of the CEL specification.
  case specification
  /// Kubernetes' API server, which keeps older versions of some extensions.
  case kubernetes
}
