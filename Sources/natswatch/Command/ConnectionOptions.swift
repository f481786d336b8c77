// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Events
import Metrics
import NatswatchCore
import Process

/// The server and the credentials: the same for every subcommand.
struct ConnectionOptions: ParsableArguments {
  @Option(
    name: [.customShort("s", allowingJoined: true), .long],
    help: ArgumentHelp(
      "Server addresses, separated by commas: nats://host:4222 or tls://host:4222 (default: NATS_URL, else "
        + "nats://127.0.0.1:4222).", valueName: "url"))
  var server: String?

  @Option(
    help: ArgumentHelp("Context of the nats command line tool (default: NATS_CONTEXT).", valueName: "name"))
  var context: String?

  @Option(
    help: ArgumentHelp("Credentials file with user JWT and seed (default: NATS_CREDS).", valueName: "file"),
    completion: .file())
  var creds: String?

  @Option(
    help: ArgumentHelp("File with an NKey seed (default: NATS_NKEY).", valueName: "file"), completion: .file()
  )
  var nkey: String?

  @Option(
    help: ArgumentHelp("Certificate authorities to trust (default: NATS_CA).", valueName: "file"),
    completion: .file())
  var tlsCA: String?

  @Option(
    help: ArgumentHelp("Client certificate (default: NATS_CERT).", valueName: "file"), completion: .file())
  var tlsCert: String?

  @Option(
    help: ArgumentHelp("Key of the client certificate (default: NATS_KEY).", valueName: "file"),
    completion: .file())
  var tlsKey: String?

  @Option(
    help: ArgumentHelp("JetStream domain (default: NATS_JS_DOMAIN).", valueName: "name"))
  var jsDomain: String?

  @Option(
    help: ArgumentHelp(
      "Subject prefix of the JetStream API, for imports from another account (default: $JS.API).",
      valueName: "subject"))
  var jsAPIPrefix: String?

  @Option(
    help: ArgumentHelp("First tokens of reply subjects (default: _INBOX).", valueName: "subject"))
  var inboxPrefix: String?

  @Option(
    help: ArgumentHelp(
      "Exit with status 69 if no server answers within this time at the start (default: wait forever).",
      valueName: "duration"))
  var connectTimeout: DurationArgument?

  func session(
    _ shutdown: Shutdown, _ level: Diagnostics.Level, _ status: StatusSink.Destination?
  ) throws -> Session {
    let flags = ConnectionSettings.Flags(
      server: server, context: context, credentials: creds, nkey: nkey, tlsCA: tlsCA, tlsCertificate: tlsCert,
      tlsKey: tlsKey, inboxPrefix: inboxPrefix, domain: jsDomain, apiPrefix: jsAPIPrefix)
    let settings = try ConnectionSettings.resolve(
      flags: flags, environment: ProcessEnvironment.value)
    let registry = Registry()
    return Session(
      settings: settings, diagnostics: Diagnostics(tool: "natswatch", level: level), shutdown: shutdown,
      registry: registry, connectTimeout: connectTimeout?.duration, status: status ?? .nowhere)
  }

  func validate() throws {
    guard creds == nil || nkey == nil else {
      throw ValidationError("--creds and --nkey cannot be used together")
    }
    guard jsDomain == nil || jsAPIPrefix == nil else {
      throw ValidationError("--js-domain and --js-api-prefix cannot be used together")
    }
  }
}
