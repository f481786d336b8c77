// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// A whole response.
struct HTTPResponse: Sendable {
  var status: Int
  var headers: [(name: String, value: String)]
  var body: [UInt8]
  /// Whether the headers give the length of the body.
  private(set) var hasLength = true

  init(_ status: Int, type: String, body: [UInt8], headers: [(name: String, value: String)] = []) {
    self.status = status
    self.headers = [("Content-Type", type)] + headers
    self.body = body
  }

  private init(withoutBody status: Int, _ headers: [(name: String, value: String)]) {
    self.status = status
    self.headers = headers
    body = []
    hasLength = false
  }

  /// The response to `HEAD` for a body whose length is not known: a wrong length would be worse than none (RFC 9110
  /// section 8.6).
  static func headOnly(_ type: String, _ headers: [(name: String, value: String)] = []) -> HTTPResponse {
    HTTPResponse(withoutBody: 200, [("Content-Type", type)] + headers)
  }

  /// The headers are the whole response.
  static func noContent(_ headers: [(name: String, value: String)]) -> HTTPResponse {
    HTTPResponse(withoutBody: 204, headers)
  }

  /// The client's cached response is still valid; `headers` are the same as that response's (RFC 9110 section
  /// 15.4.5).
  static func notModified(_ headers: [(name: String, value: String)]) -> HTTPResponse {
    HTTPResponse(withoutBody: 304, headers)
  }

  static func text(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(status, type: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
  }

  static func json(_ status: Int, _ json: String, headers: [(name: String, value: String)] = [])
    -> HTTPResponse
  {
    HTTPResponse(status, type: "application/json", body: Array((json + "\n").utf8), headers: headers)
  }

  /// A response whose body is a Kubernetes Status.
  static func failure(_ status: Status, headers: [(name: String, value: String)] = []) -> HTTPResponse {
    HTTPResponse(
      status.code, type: "application/json", body: status.json + [UInt8(ascii: "\n")], headers: headers)
  }

  static let notFound = failure(
    Status(code: 404, reason: "NotFound", message: "this path does not exist"))

  static func methodNotAllowed(_ allowed: String) -> HTTPResponse {
    HTTPError.methodNotAllowed(allowed).response
  }
}

/// A refused request: the Status that the client is sent.
struct HTTPError: Error, Sendable {
  var status: Status
  var headers: [(name: String, value: String)]

  init(status: Status, headers: [(name: String, value: String)] = []) {
    self.status = status
    self.headers = headers
  }

  init(_ code: Int, _ reason: String, _ message: String, headers: [(name: String, value: String)] = []) {
    self.init(status: Status(code: code, reason: reason, message: message), headers: headers)
  }

  /// The client may try again after some seconds.
  static func unavailable(_ message: String, retryAfter seconds: Int = 5) -> HTTPError {
    HTTPError(503, "ServiceUnavailable", message, headers: [("Retry-After", "\(seconds)")])
  }

  static func badRequest(_ message: String) -> HTTPError {
    HTTPError(400, "BadRequest", message)
  }

  var response: HTTPResponse { .failure(status, headers: headers) }

  /// The response in the form of the `/api/watch/…` protocol.
  var channelResponse: HTTPResponse {
    .json(status.code, #"{"error":\#(JSONText.string(status.message))}"#, headers: headers)
  }

  static func methodNotAllowed(_ allowed: String) -> HTTPError {
    HTTPError(
      405, "MethodNotAllowed", "the allowed methods are \(allowed)",
      headers: [("Allow", allowed)])
  }
}
