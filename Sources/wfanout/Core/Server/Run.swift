// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lines
package import Process
import Synchronization

/// A run of the server, from binding the addresses to disconnecting the last client.
package struct Run {
  package let configuration: Configuration
  package let diagnostics: Diagnostics
  package let shutdown: Shutdown

  package init(configuration: Configuration, diagnostics: Diagnostics, shutdown: Shutdown) {
    self.configuration = configuration
    self.diagnostics = diagnostics
    self.shutdown = shutdown
  }

  package func run() throws -> ExitStatus {
    // Each listener needs a descriptor; the soft limit of 1024 exists for programs that use select(2).
    DescriptorLimit.raise()
    shutdown.allow(grace: configuration.drain + Upstream.stopGrace + .seconds(2))
    let notifier = ServiceNotifier()
    let authenticator = try authenticator()
    let certificate = try certificate()
    try replay?.check()
    let server = Server(
      configuration: configuration, authenticator: authenticator, certificate: certificate,
      diagnostics: diagnostics)
    shutdown.onHangup { reload(authenticator?.tokens, certificate) }
    let reporter = try StatusReporter(configuration.status, server: server)
    for message in try server.listen(InheritedSocket.list()) { diagnostics.info(message) }
    notifier.ready("serving")
    let ended = Ending()
    shutdown.onRequest { _ in ended.end(nil) }
    if let limit = configuration.timeLimit { shutdown.requestEnd(after: limit) }
    reporter.start { error in ended.end(error) }
    if let replay {
      ReplayReader(
        recording: replay,
        pacing: ReplayPacing(speed: configuration.speed, longestGap: configuration.longestGap),
        stream: server.stream, shutdown: shutdown, diagnostics: diagnostics
      ).start { error in ended.end(error) }
    } else if configuration.upstream == nil {
      InputReader(
        descriptor: STDIN_FILENO, name: "standard input", stream: server.stream, shutdown: shutdown,
        diagnostics: diagnostics
      ).start { error in ended.end(error) }
    }
    let error = ended.wait()
    notifier.stopping()
    reporter.end()
    server.drain(
      reason: shutdown.cause != nil
        ? .serverShutdown : error == nil || error is UnusableInputError ? .endOfStream : .sourceFailed,
      givesWhatIsLeft: shutdown.cause == nil)
    if let error { throw error }
    return shutdown.cause == .deadline ? .timedOut : .ok
  }

  private var replay: Recording? { configuration.replay.map { Recording(path: $0) } }

  /// Handles SIGHUP as other servers do. The files are watched for changes anyway; now they are read at once.
  private func reload(_ tokens: TokenFile?, _ certificate: ServerCertificate?) {
    tokens?.reload()
    certificate?.reload()
    diagnostics.info(
      tokens == nil && certificate == nil
        ? "SIGHUP: no token file or certificate to reload; other settings need a restart"
        : "SIGHUP: reloading tokens and certificates; other settings need a restart")
  }

  /// Nil if no tokens are required.
  private func authenticator() throws -> Authenticator? {
    guard configuration.tokenFile != nil || configuration.validator != nil else { return nil }
    return Authenticator(
      tokens: try configuration.tokenFile.map { try TokenFile(path: $0, diagnostics: diagnostics) },
      validator: try configuration.validator.map {
        try TokenValidator(
          url: $0, authority: configuration.validatorAuthority, timeout: configuration.validatorTimeout,
          cacheSeconds: configuration.validatorCacheSeconds, requestRate: configuration.requestRate,
          diagnostics: diagnostics)
      }, allowsQueryToken: configuration.allowsQueryToken)
  }

  private func certificate() throws(ServerCertificate.CertificateError) -> ServerCertificate? {
    guard let certificate = configuration.certificateFile, let key = configuration.keyFile else { return nil }
    return try ServerCertificate(certificate: certificate, key: key, diagnostics: diagnostics)
  }
}

/// Where the main thread waits for the end of the input or of the process.
private final class Ending: Sendable {
  private let gate = Gate()
  private let state = Mutex<(isOver: Bool, error: (any ToolError)?)>((false, nil))

  func end(_ error: (any ToolError)?) {
    state.withLock { state in
      guard !state.isOver else { return }
      state = (true, error)
    }
    gate.close()
  }

  func wait() -> (any ToolError)? {
    while gate.wait(milliseconds: -1) {}
    return state.withLock { $0.error }
  }
}
