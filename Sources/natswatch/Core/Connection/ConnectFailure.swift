// SPDX-License-Identifier: Apache-2.0

import CNATS

/// The message for a connection that could not be made: the reason, and what to do.
struct ConnectFailure {
  let error: NATSError

  /// A server that accepted the connection did not complete it in time.
  static func late(_ settings: ConnectionSettings) -> NATSError {
    NATSError(.unavailable, "connect to \(addresses(settings)): the server does not complete the connection")
  }

  private static func addresses(_ settings: ConnectionSettings) -> String {
    settings.servers.map(ConnectionSettings.withoutSecrets).joined(separator: ",")
  }

  init(_ status: natsStatus, detail: String, _ settings: ConnectionSettings) {
    let addresses = Self.addresses(settings)
    let text = plainText(status, detail)
    let message = "connect to \(addresses): \(text)"
    let lowercased = detail.lowercased()
    switch status {
    // The server gave up waiting for the credentials, as on an overloaded machine: it has not refused them.
    case _ where lowercased.contains("authentication timeout"): error = NATSError(.unavailable, message)
    case NATS_CONNECTION_AUTH_FAILED, NATS_NOT_PERMITTED:
      error = NATSError(.noPermission, "\(message): check the user, token or key")
    case NATS_SSL_ERROR, NATS_SECURE_CONNECTION_REQUIRED, NATS_SECURE_CONNECTION_WANTED:
      error = NATSError(
        .badSettings, "\(message): check NATS_TLS_ENABLED, --tls-ca, --tls-cert and --tls-key")
    // TLS 1.3 completes the handshake before the server looks at the client's certificate.
    case _ where settings.usesTLS && (lowercased.contains("got ''") || lowercased.contains("certificate")):
      let remedy =
        settings.tlsCertificate.map { "it does not accept the client certificate \($0)" }
        ?? "it wants a client certificate: give --tls-cert and --tls-key"
      error = NATSError(
        .badSettings, "connect to \(addresses): the server ended the TLS connection: \(remedy)")
    case _ where lowercased.contains("got ''"):
      error = NATSError(
        .unavailable, "connect to \(addresses): the server closed the connection before it was established")
    case NATS_INVALID_ARG, NATS_ADDRESS_MISSING:
      error = NATSError(.badSettings, message)
    case _ where lowercased.contains("authorization violation") || lowercased.contains("authentication"):
      error = NATSError(.noPermission, "\(message): check the user, token or key")
    default: error = NATSError(.unavailable, message)
    }
  }
}

/// The text for a status of libnats, with its `detail` if that adds something.
func plainText(_ status: natsStatus, _ detail: String = "") -> String {
  let text = unsafe natsStatus_GetText(status).map { unsafe String(cString: $0) }?.lowercased() ?? ""
  let detail = withoutPosition(detail)
  let words =
    switch status {
    case NATS_NO_SERVER: "no server answers"
    case NATS_CONNECTION_CLOSED: "the server closed the connection"
    case NATS_TIMEOUT: "no response in time"
    case NATS_IO_ERROR: "the connection broke"
    case NATS_SSL_ERROR: "TLS failed"
    case NATS_SECURE_CONNECTION_WANTED: "the server does not offer TLS"
    case NATS_SECURE_CONNECTION_REQUIRED: "the server requires TLS"
    default: text.isEmpty ? "failed" : text
    }
  // Some details only repeat the status.
  return detail.isEmpty || detail.lowercased() == text ? words : "\(words): \(detail)"
}

/// A message of libnats without its source position, such as `(conn.c:2088): `.
func withoutPosition(_ text: String) -> String {
  guard text.hasPrefix("("), let end = text.firstIndex(of: ")"), text[..<end].contains(".c:") else {
    return text
  }
  return String(text[text.index(after: end)...].drop { $0 == ":" || $0 == " " })
}
