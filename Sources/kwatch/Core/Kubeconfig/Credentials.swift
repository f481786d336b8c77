// SPDX-License-Identifier: Apache-2.0
import Encoding
import Synchronization

/// What proves to the server who is asking.
struct AuthMaterial: Equatable, Sendable {
  var token = ""
  var username = ""
  var password = ""
  var certificate: Kubeconfig.Material?
  var key: Kubeconfig.Material?
}

/// The credentials of one user, kept fresh: a token file is read for each request, an exec plugin is run again when
/// what it gave is about to expire, or was refused.
///
/// The plugin runs beside the streams; its answer is waited for by asking again.
final class Credentials {
  private let user: Kubeconfig.User
  private let target: ClusterTarget
  private let wake: @Sendable () -> Void
  private var execMaterial: AuthMaterial?
  private var expiry: Timestamp?
  private var isRunning = false
  private let outcome = Outcome()

  private final class Outcome: Sendable {
    let value = Mutex<Result<ExecCredential, ConfigError>?>(nil)
  }

  init(_ target: ClusterTarget, wake: @escaping @Sendable () -> Void) {
    self.target = target
    user = target.user
    self.wake = wake
  }

  /// What to send now; nil while a plugin is running.
  ///
  /// - Throws: `ConfigError` where a file is missing or the plugin failed; asking again tries again.
  func current() throws(ConfigError) -> AuthMaterial? {
    var material = AuthMaterial(
      token: user.token, username: user.username, password: user.password, certificate: user.certificate,
      key: user.key)
    if !user.tokenFile.isEmpty {
      guard let text = try KubeconfigLoader.file(user.tokenFile) else {
        throw ConfigError("token file '\(user.tokenFile)' does not exist")
      }
      material.token = String(decoding: text, as: UTF8.self).filter { !$0.isWhitespace }
    }
    guard let plugin = user.exec else { return material }
    if let result = outcome.value.withLock({ value in
      defer { value = nil }; return value
    }) {
      isRunning = false
      let credential = try result.get()
      expiry = credential.expiry
      material.token = credential.token.isEmpty ? material.token : credential.token
      material.certificate =
        credential.certificate.isEmpty ? material.certificate : .inline(credential.certificate)
      material.key = credential.key.isEmpty ? material.key : .inline(credential.key)
      execMaterial = material
      return material
    }
    if let execMaterial, !isExpired { return execMaterial }
    start(plugin)
    return nil
  }

  /// The server refused them: the next `current` gets new ones.
  func invalidate() {
    guard !isRunning else { return }
    execMaterial = nil
  }

  /// A little before the time, as the clocks may differ.
  private var isExpired: Bool {
    expiry.map { $0 < Timestamp(nanoseconds: Timestamp.now.nanoseconds + 10_000_000_000) } ?? false
  }

  private func start(_ plugin: Kubeconfig.ExecPlugin) {
    guard !isRunning else { return }
    isRunning = true
    let outcome = outcome
    let wake = wake
    let info = ExecCredential.info(plugin, target)
    Task.detached {
      let result = await ExecPluginRun.credential(plugin, info: info)
      outcome.value.withLock { $0 = result }
      wake()
    }
  }
}
