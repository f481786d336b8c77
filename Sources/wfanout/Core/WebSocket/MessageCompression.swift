// SPDX-License-Identifier: Apache-2.0

/// `permessage-deflate` as agreed with one client (RFC 7692 section 7).
///
/// Neither side keeps its window from one message to the next: a message is compressed once for all listeners with the same window, and
/// a connection costs no memory for it.
struct MessageCompression: Equatable, Sendable {
  /// The base-2 logarithm of the window that our messages keep to, 9 to 15.
  var windowBits = 15
  private var saysWindow = false

  /// The first acceptable offer; nil if there is none. An offer that violates section 7.1 is declined.
  ///
  /// - Parameter offers: the value of `Sec-WebSocket-Extensions`.
  init?(accepting offers: String) {
    for offer in ExtensionOffer.parse(offers) where offer.name == "permessage-deflate" {
      if let accepted = MessageCompression(offer) {
        self = accepted
        return
      }
    }
    return nil
  }

  private init?(_ offer: ExtensionOffer) {
    var seen: Set<String> = []
    for (name, value) in offer.parameters {
      guard seen.insert(name).inserted else { return nil }
      switch name {
      case "server_no_context_takeover", "client_no_context_takeover": if value != nil { return nil }
      case "client_max_window_bits":
        // A smaller window of theirs is read like any other.
        if let value, MessageCompression.bits(value) == nil { return nil }
      case "server_max_window_bits":
        // zlib has no window of 2^8 for raw deflate.
        guard let value, let bits = MessageCompression.bits(value), bits > 8 else { return nil }
        windowBits = bits
        saysWindow = true
      default: return nil
      }
    }
  }

  /// The value of `Sec-WebSocket-Extensions` in the answer.
  var answer: String {
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
      + (saysWindow ? "; server_max_window_bits=\(windowBits)" : "")
  }

  /// 8 to 15 without leading zeros (section 7.1.2.1).
  private static func bits(_ text: String) -> Int? {
    guard let bits = Int(text), (8...15).contains(bits), "\(bits)" == text else { return nil }
    return bits
  }
}

/// One element of `Sec-WebSocket-Extensions` (RFC 6455 section 9.1).
struct ExtensionOffer: Equatable, Sendable {
  var name: String
  var parameters: [(name: String, value: String?)]

  /// The elements of a field's value that are well formed.
  static func parse(_ text: String) -> [ExtensionOffer] {
    text.split(separator: ",").compactMap { ExtensionOffer($0) }
  }

  private init?(_ element: Substring) {
    let parts = element.split(separator: ";", omittingEmptySubsequences: false)
      .map { String(HTTPRequest.trimmed($0)) }
    guard let name = parts.first, ExtensionOffer.isToken(name) else { return nil }
    self.name = name.lowercased()
    parameters = []
    for part in parts.dropFirst() {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        .map { String(HTTPRequest.trimmed($0)) }
      // A quoted value must be a token without its quotes, so no character in it can mislead the splitting.
      let value = sides.count > 1 ? ExtensionOffer.unquoted(sides[1]) : nil
      guard ExtensionOffer.isToken(sides[0]), value.map(ExtensionOffer.isToken) ?? true else { return nil }
      parameters.append((sides[0].lowercased(), value))
    }
  }

  static func == (left: ExtensionOffer, right: ExtensionOffer) -> Bool {
    left.name == right.name && left.parameters.elementsEqual(right.parameters) { $0 == $1 }
  }

  private static func unquoted(_ text: String) -> String {
    text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
      ? String(text.dropFirst().dropLast()) : text
  }

  /// RFC 9110 section 5.6.2.
  private static func isToken(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        byte > 0x20 && byte < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
      }
  }
}
