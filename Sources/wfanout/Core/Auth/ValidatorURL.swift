// SPDX-License-Identifier: Apache-2.0
import CCurl

/// Where tokens are validated: `http://HOST[:PORT]/PATH`, or `https`.
package struct ValidatorURL: Sendable, Equatable, CustomStringConvertible {
  package let description: String

  /// Nil for what libcurl does not take for a URL of these schemes, or one with a name and password: it
  /// occurs in messages.
  init?(_ text: String) {
    guard let url = unsafe curl_url() else { return nil }
    defer { unsafe curl_url_cleanup(url) }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
      unsafe curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK,
      ["http", "https"].contains(unsafe ValidatorURL.part(url, CURLUPART_SCHEME)),
      unsafe ValidatorURL.part(url, CURLUPART_USER) == nil,
      unsafe ValidatorURL.part(url, CURLUPART_PORT) != "0"
    else { return nil }
    description = text
  }

  private static func part(_ url: OpaquePointer, _ part: CURLUPart) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard unsafe curl_url_get(url, part, &text, 0) == CURLUE_OK, let text = unsafe text else { return nil }
    defer { unsafe curl_free(text) }
    return unsafe String(cString: text)
  }
}
