// SPDX-License-Identifier: Apache-2.0

/// The part of HTTP that a scrape needs: a request line, and a head of at most 8 KiB whose fields are
/// ignored.
struct ScrapeRequest {
  static let headLimit = 8192

  private var head: [UInt8] = []
  private(set) var isComplete = false
  private var isTooLong = false

  mutating func feed(_ bytes: some Sequence<UInt8>) {
    for byte in bytes where !isComplete {
      head.append(byte)
      // A head ends with an empty line; bare newlines count too (RFC 9112 section 2.2).
      if byte == UInt8(ascii: "\n"), head.suffix(4) == Array("\r\n\r\n".utf8) || head.suffix(2) == [10, 10] {
        isComplete = true
      } else if head.count >= ScrapeRequest.headLimit {
        isComplete = true
        isTooLong = true
      }
    }
  }

  /// The whole answer; `metrics` is asked only for a good request.
  func response(metrics: () -> [UInt8]) -> [UInt8] {
    if isTooLong { return answer("431 Request Header Fields Too Large", "request head over 8 KiB\n") }
    let line = head.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    let words = line.split(separator: UInt8(ascii: " "))
    guard words.count == 3, words[2].starts(with: "HTTP/1.".utf8) else {
      return answer("400 Bad Request", "not an HTTP/1 request\n")
    }
    let method = String(decoding: words[0], as: UTF8.self)
    guard method == "GET" || method == "HEAD" else {
      return answer("405 Method Not Allowed", "only GET and HEAD\n", extra: "Allow: GET, HEAD\r\n")
    }
    let path = words[1].prefix { $0 != UInt8(ascii: "?") }
    guard path.elementsEqual("/metrics".utf8) else { return answer("404 Not Found", "see /metrics\n") }
    return answer("200 OK", metrics(), type: Exposition.contentType, isHead: method == "HEAD")
  }

  private func answer(_ status: String, _ text: String, extra: String = "") -> [UInt8] {
    answer(status, Array(text.utf8), type: "text/plain; charset=utf-8", extra: extra)
  }

  private func answer(
    _ status: String, _ body: [UInt8], type: String, extra: String = "", isHead: Bool = false
  ) -> [UInt8] {
    let head =
      "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\(extra)Connection: close\r\n\r\n"
    return Array(head.utf8) + (isHead ? [] : body)
  }
}
