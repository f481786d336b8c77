// SPDX-License-Identifier: Apache-2.0

package import Events
import Lines
package import Metrics
package import Process
import Synchronization

/// What every subcommand needs: diagnostics, shutdown and connection settings.
package struct Session: Sendable {
  let settings: ConnectionSettings
  package let diagnostics: Diagnostics
  let shutdown: Shutdown
  package let registry: Registry
  /// The time limit for the first connection; nil for none.
  var connectTimeout: Duration?
  /// Where STATUS lines go.
  let status: StatusSink.Destination

  package init(
    settings: ConnectionSettings, diagnostics: Diagnostics, shutdown: Shutdown, registry: Registry,
    connectTimeout: Duration?, status: StatusSink.Destination = .nowhere
  ) {
    self.settings = settings
    self.diagnostics = diagnostics
    self.shutdown = shutdown
    self.registry = registry
    self.connectTimeout = connectTimeout
    self.status = status
  }

  /// Runs a subcommand until it ends, within `--timeout`, which holds at every stage: while no server answers, too.
  ///
  /// - Parameters:
  ///   - timeLimit: After this time the run is asked to end, and its status is 124.
  ///   - body: The run, which may throw `interrupted` when it is asked to end.
  /// - Returns: The exit status.
  /// - Throws: Other errors of the run.
  package func run(timeLimit: Duration? = nil, _ body: () throws -> ExitStatus) throws -> ExitStatus {
    if let timeLimit { shutdown.requestEnd(after: timeLimit) }
    var status = ExitStatus.ok
    do {
      status = try body()
    } catch let error as NATSError where error.code == .interrupted {}
    return status == .ok && shutdown.cause == .deadline ? .timedOut : status
  }

  /// Connects; retries until it succeeds.
  ///
  /// - Parameter onFailure: Called after each failure, before the wait.
  /// - Returns: The connection.
  /// - Throws: Errors that are not transient, `unavailable` after ``connectTimeout``, `interrupted`.
  func connect(onFailure: (NATSError) throws -> Void = { _ in }) throws
    -> Connection
  {
    if settings.sendsSecretsInTheClear {
      diagnostics.warning("the connection is not encrypted and leaves this machine: use tls:// or --tls-ca")
    }
    let started = ContinuousClock.now
    var backoff = Backoff(initial: .milliseconds(500), maximum: .seconds(10))
    var report = WaitReport(after: .zero, since: .zero)
    var isFirst = true
    while true {
      do throws(NATSError) {
        return try attempt(settings)
      } catch var error {
        guard error.isTransient else { throw error }
        if isFirst, let refusal = Self.refusal(by: settings.servers) { error = refusal }
        guard error.isTransient else { throw error }
        isFirst = false
        if let limit = connectTimeout, ContinuousClock.now - started >= limit { throw error }
        if report.isDue(ContinuousClock.now - started) { diagnostics.warning("\(error): trying again") }
        try onFailure(error)
        try pause(backoff.next(random: .random(in: 0..<1)))
      }
    }
  }

  /// The error for a refusal that the server sends before libnats can log in.
  private static func refusal(by servers: [String]) -> NATSError? {
    for server in servers {
      let attempt = "connect to \(ConnectionSettings.withoutSecrets(server))"
      switch ServerProbe.examine(server) {
      case .expectsTLS:
        return NATSError(
          .badSettings,
          "\(attempt): the server waits for TLS before its greeting (handshake_first), which is not supported"
        )
      case .refusal(let text): return NATSError(.unavailable, "\(attempt): \(text)")
      case nil: continue
      }
    }
    return nil
  }

  /// Tries once to replace a lost connection, also at the servers that it had discovered.
  ///
  /// - Throws: `unavailable` if it may succeed later, `noPermission`.
  func replace(_ lost: Connection) throws(NATSError) -> Connection {
    var settings = lost.settings
    settings.servers += lost.discoveredServers.filter { [servers = settings.servers] in !servers.contains($0)
    }
    return try attempt(settings)
  }

  private func attempt(_ settings: ConnectionSettings) throws(NATSError) -> Connection {
    let connection = try Connection(settings)
    diagnostics.debug("connected to \(connection.connectedAddress)")
    return connection
  }

  /// The time for which the JetStream API may have no responders, for example while a server starts.
  static let apiPatience: Duration = .seconds(3)

  /// The error if nothing answers the API.
  var noJetStream: NATSError {
    NATSError(
      .noResponders,
      "no JetStream answers on \(settings.apiPrefix).>: enable it on the server (nats-server -js), "
        + "or give its domain with --js-domain or its subjects with --js-api-prefix")
  }

  /// Waits before the next attempt. The wait is short if no server answers, because that is known at once.
  func pause(after error: NATSError, _ duration: Duration) throws(NATSError) {
    try pause(error.code == .noResponders ? min(duration, .milliseconds(500)) : duration)
  }

  /// Waits; a request to end ends the wait.
  ///
  /// - Throws: `interrupted`.
  func pause(_ duration: Duration) throws(NATSError) {
    waitForInput(shutdown.eventDescriptor, milliseconds: Int32(min(duration.milliseconds, 3_600_000)))
    if shutdown.cause != nil { throw NATSError(.interrupted, "interrupted") }
  }
}
