// SPDX-License-Identifier: Apache-2.0
import Digest
import Encoding
import Events
import Process

/// The opening handshake of RFC 6455 section 4.2.
enum WebSocketHandshake {
  /// The fields of the 101 response.
  static func response(
    _ request: HTTPRequest, compression: MessageCompression? = nil
  ) throws(HTTPError) -> [(name: String, value: String)] {
    guard request.version == .http11, request.header("upgrade", contains: "websocket"),
      request.header("connection", contains: "upgrade")
    else {
      throw HTTPError(
        426, "UpgradeRequired", "this is a WebSocket endpoint",
        headers: [("Upgrade", "websocket"), ("Connection", "Upgrade")])
    }
    guard request.header("sec-websocket-version") == "13" else {
      throw HTTPError(
        426, "UpgradeRequired", "only WebSocket version 13 is supported",
        headers: [("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket"), ("Connection", "Upgrade")])
    }
    let keys = request.values("sec-websocket-key")
    guard keys.count == 1, let key = keys.first, key.utf8.count == 24,
      Base64.decode(key.utf8)?.count == 16
    else {
      throw .badRequest("Sec-WebSocket-Key is not 16 bytes in base64")
    }
    var headers = [
      ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept(key)),
    ]
    // The token is a second protocol; the first one is selected (section 4.2.2).
    if request.header("sec-websocket-protocol", contains: "bearer") {
      headers.append(("Sec-WebSocket-Protocol", "bearer"))
    }
    if let compression { headers.append(("Sec-WebSocket-Extensions", compression.answer)) }
    return headers.map { (name: $0.0, value: $0.1) }
  }

  static func accept(_ key: String) -> String {
    Base64.encode(Digest.sha1(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
  }
}
