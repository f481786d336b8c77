// SPDX-License-Identifier: Apache-2.0
import NIOHTTP1

extension HTTPRequestHead {
  /// Whether it asks for another protocol on the connection: a CONNECT, or an upgrade (RFC 9110 section 7.8), as Java's
  /// HTTP client does with its first request. The HTTP decoder stops after such a request, also if it is refused.
  var asksForAnotherProtocol: Bool {
    method == .CONNECT
      || headers.contains(name: "upgrade")
        && headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
  }
}
