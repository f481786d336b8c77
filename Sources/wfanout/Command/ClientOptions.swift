// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

/// The clients that may connect.
struct ClientOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Accept the tokens in this file, one a line: TOKEN IDENTITY [EXPIRES].", valueName: "file"),
    completion: .file())
  var authTokens: String?

  @Option(
    help: ArgumentHelp("Validate tokens at this URL (RFC 7662 token introspection).", valueName: "url"))
  var authURL: String?

  @Flag(help: "Require no tokens, not even on addresses that other machines can reach.")
  var noAuth = false

  @Option(
    help: ArgumentHelp(
      "Let web pages of this origin read the stream; * allows any origin. Repeatable.", valueName: "origin"))
  var cors: [String] = []

  @Option(help: ArgumentHelp("Maximum number of clients (default: 1000).", valueName: "n"))
  var maxClients: String?

  var texts: [(String, String?)] {
    [
      ("auth-tokens", authTokens), ("auth-url", authURL), ("no-auth", noAuth ? "true" : nil),
      ("max-clients", maxClients),
    ]
  }
  var lists: [(String, [String])] { [("cors", cors)] }
}
