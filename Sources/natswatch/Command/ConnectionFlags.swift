// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Glibc
import Metrics
import NatswatchCore
import Process

/// The flags that say where the server is and who we are, the same for every subcommand.
struct ConnectionFlags: ParsableArguments {
  @Option(
    name: .shortAndLong, help: ArgumentHelp("Server addresses, by commas (NATS_URL).", valueName: "url"))
  var server: String?

  @Option(help: ArgumentHelp("A context of the nats command line tool (NATS_CONTEXT).", valueName: "name"))
  var context: String?

  @Option(
    help: ArgumentHelp("A credentials file with JWT and seed (NATS_CREDS).", valueName: "file"),
    completion: .file())
  var creds: String?

  @Option(help: ArgumentHelp("A file with an NKey seed (NATS_NKEY).", valueName: "file"), completion: .file())
  var nkey: String?

  @Option(help: ArgumentHelp("Certificates to trust (NATS_CA).", valueName: "file"), completion: .file())
  var tlsCA: String?

  @Option(help: ArgumentHelp("Our certificate (NATS_CERT).", valueName: "file"), completion: .file())
  var tlsCert: String?

  @Option(
    help: ArgumentHelp("The key of our certificate (NATS_KEY).", valueName: "file"), completion: .file())
  var tlsKey: String?

  @Option(help: ArgumentHelp("The first tokens of our reply subjects.", valueName: "subject"))
  var inboxPrefix: String?

  @Option(
    help: ArgumentHelp("Give up when no server answers for so long at the start.", valueName: "duration"))
  var connectTimeout: DurationArgument?

  @Option(help: ArgumentHelp("Serve Prometheus metrics here.", valueName: "address"))
  var metrics: String?

  @Option(help: ArgumentHelp("What the names of the events_… metrics begin with.", valueName: "prefix"))
  var metricsPrefix = ""

  @Flag(help: "Say errors only.")
  var quiet = false

  @Flag(help: "Say what happens with the connection and the consumers.")
  var verbose = false

  func session(_ shutdown: Shutdown) throws -> Session {
    let flags = ConnectionSettings.Flags(
      server: server, context: context, credentials: creds, nkey: nkey, tlsCA: tlsCA, tlsCertificate: tlsCert,
      tlsKey: tlsKey, inboxPrefix: inboxPrefix)
    let settings = try ConnectionSettings.resolve(
      flags: flags, environment: ProcessEnvironment.value)
    let registry = Registry()
    return Session(
      settings: settings,
      diagnostics: Diagnostics(tool: "natswatch", level: quiet ? .quiet : verbose ? .verbose : .normal),
      shutdown: shutdown, registry: registry, connectTimeout: connectTimeout?.duration)
  }

  /// Serves the metrics for as long as the result is kept.
  func serveMetrics(_ registry: Registry) throws -> MetricsServer? {
    guard let metrics else { return nil }
    return try MetricsServer(address: metrics, registry: registry)
  }

  func validate() throws {
    guard !(quiet && verbose) else { throw ValidationError("--quiet and --verbose contradict each other") }
  }
}
