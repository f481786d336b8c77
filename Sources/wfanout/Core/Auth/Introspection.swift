// SPDX-License-Identifier: Apache-2.0
import Encoding
import JSON

/// The request to a token validator and the meaning of its response (RFC 7662, OAuth 2.0 Token
/// Introspection).
enum Introspection {
  /// Whether the text can be a bearer token. It is sent in a form and kept as a key, so it must be one line
  /// of at most 8 KiB. RFC 6750 section 2.1 allows fewer characters than some issuers of tokens use.
  static func isToken(_ text: String) -> Bool {
    (1...8192).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
  }

  /// The token as a form, as RFC 7662 section 2.1 defines it.
  static func body(_ token: String) -> String { "token=" + PercentEncoding.encode(token) }

  /// An accepted token has 200 with `"active": true`, its identity in `sub` or `username`, `exp` if it
  /// expires, and `nbf` if it is not valid yet. Anything else as `active` (RFC 7662 section 2.2 requires the
  /// boolean), 401 and 403 refuse the token. Any other response does not decide about the token.
  static func verdict(status: Int, body: [UInt8], now: Int64) -> Verdict {
    if status == 401 || status == 403 { return .refused }
    guard status == 200, let answer = JSONValue(body), case .object(let members) = answer else {
      return .unavailable
    }
    // A repeated key is ambiguous.
    let active = members.filter { $0.key == "active" }
    guard active.count == 1, active.first?.value.bool == true else { return .refused }
    guard let name = answer["sub"]?.string ?? answer["username"]?.string, !name.isEmpty,
      name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
    else { return .unavailable }
    if let start = answer["nbf"], start != .null {
      guard case .number(let text) = start, let seconds = Double(text) else { return .unavailable }
      guard seconds <= Double(now) else { return .refused }
    }
    guard let exp = answer["exp"], exp != .null else { return .identity(Identity(name: name)) }
    guard case .number(let text) = exp, let seconds = Double(text),
      let expires = Int64(exactly: seconds.rounded(.down))
    else { return .unavailable }
    return expires > now ? .identity(Identity(name: name, expires: expires)) : .refused
  }
}
