// SPDX-License-Identifier: Apache-2.0
import Encoding
import Glibc
import Process
import Synchronization

/// What identifies the user to the server: a token or a password, and the TLS material of the connection.
struct AuthMaterial: Equatable, Sendable {
  var token = ""
  var username = ""
  var password = ""
  var tls: TLSMaterial?
}

/// The credentials of one user, kept fresh: files are read for each request, and an exec plugin is run again when its
/// credential is about to expire, or was refused.
///
/// The plugin runs on a thread of its own, so that other clusters' streams continue.
final class Credentials {
  private let user: Kubeconfig.User
  private let target: ClusterTarget
  private let wake: @Sendable () -> Void
  private var execCredential: ExecCredential?
  private var tls: TLSMaterial?
  /// Since when a plugin has been running, and when that was last reported.
  private var running: (since: Duration, reported: Duration)?
  private let outcome = Outcome()

  private final class Outcome: Sendable {
    let value = Mutex<Result<ExecCredential, ConfigError>?>(nil)
  }

  init(_ target: ClusterTarget, wake: @escaping @Sendable () -> Void) {
    self.target = target
    user = target.user
    self.wake = wake
  }

  /// The credentials to send now; nil while a plugin is running.
  ///
  /// - Throws: `ConfigError` if a file cannot be used or the plugin failed; the next call tries again.
  func current() throws(ConfigError) -> AuthMaterial? {
    var material = AuthMaterial(
      token: try token(), username: user.username, password: user.password)
    var (certificate, key) = (user.certificate, user.key)
    if let plugin = user.exec {
      guard let credential = try credential(of: plugin) else { return nil }
      // As client-go does: the kubeconfig's own token or password wins.
      if material.token.isEmpty, material.username.isEmpty { material.token = credential.token }
      if !credential.certificate.isEmpty {
        let place = "the output of exec plugin '\(plugin.command)'"
        certificate = .inline(credential.certificate, place: place)
        key = .inline(credential.key, place: place)
      }
    }
    if target.server.scheme == "https" {
      material.tls = try TLSMaterial(
        authority: target.cluster.authority, certificate: certificate, key: key, checked: tls)
      tls = material.tls
    }
    return material
  }

  /// The kubeconfig's own token. As for client-go, a token beside a token file is for the time in which the file cannot
  /// be read.
  private func token() throws(ConfigError) -> String {
    guard !user.tokenFile.isEmpty else { return user.token }
    let bytes: [UInt8]?
    do throws(ConfigError) { bytes = try KubeconfigLoader.credential(user.tokenFile, as: "token file") } catch
    {
      guard user.token.isEmpty else { return user.token }
      throw error
    }
    let token = String(decoding: bytes ?? [], as: UTF8.self).filter { !$0.isWhitespace }
    if token.isEmpty, user.token.isEmpty {
      throw ConfigError("the token file '\(user.tokenFile)' \(bytes == nil ? "does not exist" : "is empty")")
    }
    return token.isEmpty ? user.token : token
  }

  /// The server refused the credentials: the next `current` fetches new ones.
  func invalidate() {
    execCredential = nil
  }

  /// When `waitingMessage` has something to report.
  var messageDeadline: Duration? {
    running.map { since, reported in reported == since ? since + .seconds(5) : reported + .seconds(60) }
  }

  /// A message about a plugin that is still running: after 5 seconds, then each minute.
  func waitingMessage(at now: Duration) -> String? {
    guard let (since, _) = running, let plugin = user.exec, let deadline = messageDeadline, deadline <= now
    else { return nil }
    running = (since, now)
    return "waiting for exec plugin '\(plugin.command)' for \((now - since).components.seconds) s"
  }

  private func credential(of plugin: Kubeconfig.ExecPlugin) throws(ConfigError) -> ExecCredential? {
    let result = outcome.value.withLock { value in
      defer { value = nil }
      return value
    }
    if let result {
      running = nil
      execCredential = try result.get()
      return execCredential
    }
    if let execCredential, !Self.isExpired(execCredential) { return execCredential }
    try start(plugin)
    return nil
  }

  /// A little before the time, as the clocks may differ.
  private static func isExpired(_ credential: ExecCredential) -> Bool {
    credential.expiry.map { $0 < Timestamp(nanoseconds: Timestamp.now.nanoseconds + 10_000_000_000) } ?? false
  }

  private func start(_ plugin: Kubeconfig.ExecPlugin) throws(ConfigError) {
    guard running == nil else { return }
    let isInteractive = try plugin.isInteractive(hasTerminal: isatty(STDIN_FILENO) == 1)
    let info = try plugin.info(for: target, isInteractive: isInteractive)
    let now = MonotonicClock.now
    running = (now, now)
    let outcome = outcome
    let wake = wake
    startThread {
      let result = ExecPluginRun.credential(plugin, info: info, isInteractive: isInteractive)
      outcome.value.withLock { $0 = result }
      wake()
    }
  }
}
