// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

/// Where wfanout listens.
struct AddressOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Listen on :PORT (loopback only), HOST:PORT, [IPv6]:PORT or unix:PATH. Repeatable (default: :8080).",
      valueName: "address"))
  var listen: [String] = []

  @Option(
    help: ArgumentHelp(
      "Accept this host name in requests to loopback addresses; * accepts any. Repeatable (default: localhost, "
        + "127.0.0.1 and [::1] only).",
      valueName: "name"))
  var host: [String] = []

  @Option(
    help: ArgumentHelp(
      "Serve status, clients, broadcast and metrics for operators at this local address (default: none).",
      valueName: "address"))
  var admin: String?

  @Option(
    help: ArgumentHelp("Serve TLS and HTTP/2 with this certificate chain (PEM).", valueName: "file"),
    completion: .file())
  var tlsCert: String?

  @Option(
    help: ArgumentHelp("The private key of the certificate (PEM).", valueName: "file"), completion: .file())
  var tlsKey: String?

  var texts: [(String, String?)] { [("admin", admin), ("tls-cert", tlsCert), ("tls-key", tlsKey)] }
  var lists: [(String, [String])] { [("listen", listen), ("host", host)] }
}
