// SPDX-License-Identifier: Apache-2.0
import Encoding
import JSON

extension Kubeconfig.AuthProvider {
  /// The bearer token of an OIDC auth-provider, as long as it is valid.
  ///
  /// kwatch does not refresh it, because that needs the provider's secrets and rewrites the kubeconfig.
  /// - Throws: `ConfigError` that says what to use instead.
  func token(for user: String) throws(ConfigError) -> String {
    switch name {
    case "oidc": break
    case "gcp":
      throw ConfigError(
        "user '\(user)' uses the auth-provider 'gcp', which Kubernetes 1.26 removed: "
          + "use the exec plugin gke-gcloud-auth-plugin")
    case "azure":
      throw ConfigError(
        "user '\(user)' uses the auth-provider 'azure', which Kubernetes 1.26 removed: "
          + "use the exec plugin kubelogin")
    default:
      throw ConfigError(
        "user '\(user)' uses the auth-provider '\(name)', which kwatch does not support: use an exec plugin")
    }
    let plugin = "use an exec plugin such as kubectl oidc-login"
    // kubectl too needs a refresh-token for that.
    let advice =
      canRefresh
      ? "kwatch does not refresh it: run kubectl once, which does, or \(plugin)"
      : "without a refresh-token kubectl cannot renew it either: sign in again, or \(plugin)"
    guard !idToken.isEmpty else {
      throw ConfigError("user '\(user)' uses the auth-provider 'oidc' without an id-token; \(advice)")
    }
    guard let expiry = Self.expiry(of: idToken) else {
      throw ConfigError("the id-token of user '\(user)' (auth-provider 'oidc') is not a JSON Web Token")
    }
    guard expiry > Timestamp.now.seconds else {
      throw ConfigError("the id-token of user '\(user)' (auth-provider 'oidc') has expired; \(advice)")
    }
    return idToken
  }

  /// The claim `exp` of a JSON Web Token (RFC 7519 §4.1.4), in seconds since 1970.
  private static func expiry(of token: String) -> Int64? {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let claims = Base64.decode(parts[1].utf8),
      let value = try? JSONValue(parsing: claims)
    else { return nil }
    return value["exp"]?.integer.map(Int64.init)
  }
}
