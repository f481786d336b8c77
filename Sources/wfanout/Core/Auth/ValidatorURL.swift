// SPDX-License-Identifier: Apache-2.0
import CCurl

/// The URL of the token validator: `http://HOST[:PORT]/PATH`, or `https`.
package struct ValidatorURL: Sendable, Equatable, CustomStringConvertible {
  package let description: String

  /// Nil if libcurl does not accept the text as a URL of these schemes. A URL with a user name and password
  /// is refused, because it is shown in messages.
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
