// SPDX-License-Identifier: Apache-2.0

/// Status line and fields of an HTTP/1 response (RFC 9112), as bytes.
enum ResponseHead {
  static func encode(_ status: Int, _ headers: [(name: String, value: String)]) -> [UInt8] {
    var text = "HTTP/1.1 \(status) \(reason(status))\r\n"
    for (name, value) in headers {
      text += "\(name): \(clean(value))\r\n"
    }
    return Array((text + "\r\n").utf8)
  }

  /// Removes line breaks, so that a value taken from a request cannot begin another field.
  static func clean(_ value: String) -> String {
    value.utf8.contains { $0 < 0x20 || $0 == 0x7F } ? value.filter { !$0.isNewline } : value
  }

  private static func reason(_ status: Int) -> String {
    switch status {
    case 101: "Switching Protocols"
    case 200: "OK"
    case 204: "No Content"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 410: "Gone"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 422: "Unprocessable Content"
    case 426: "Upgrade Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    default: "Status"
    }
  }
}
