// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// The failure in a response: from its Status, its text, or only its HTTP status.
enum ServerAnswer {
  /// `what` is the request in words: `list pods`.
  static func failure(_ exchange: Exchange, _ what: String) -> ScopeError {
    let status = try? JSONValue(parsing: exchange.errorBody)
    var failure =
      status.map { self.failure($0, .http(exchange.status), what) }
      ?? ScopeError(kind: .http(exchange.status), message: "\(what): \(plain(exchange))")
    // The header wins. A Status has the same value in `details.retryAfterSeconds`.
    failure.retryAfter = exchange.retryAfter ?? failure.retryAfter
    return failure
  }

  /// The Status of an in-stream ERROR event.
  static func failure(_ object: Span<UInt8>, _ what: String) -> ScopeError {
    guard let status = try? JSONValue(parsing: object), status["message"] != nil || status["code"] != nil
    else {
      return ScopeError(kind: .stream(500), message: "\(what): an ERROR event without a Status")
    }
    return failure(status, .stream(status["code"]?.integer ?? 500), what)
  }

  private static func failure(_ status: JSONValue, _ kind: ScopeError.Kind, _ what: String) -> ScopeError {
    let code: Int
    switch kind {
    case .http(let number), .stream(let number): code = number
    default: code = 0
    }
    let reason = status["reason"]?.string ?? ""
    let message = status["message"]?.string ?? ""
    let details = status["details"]
    var failure = ScopeError(
      kind: kind,
      message: "\(what): \(code)\(reason.isEmpty ? "" : " \(reason)")\(message.isEmpty ? "" : ": \(message)")"
    )
    if let seconds = details?["retryAfterSeconds"]?.integer, seconds >= 0, seconds <= 3600 {
      failure.retryAfter = .seconds(seconds)
    }
    failure.isTooLarge =
      details?["causes"]?.elements.contains { $0["reason"]?.string == "ResourceVersionTooLarge" } ?? false
      || message.hasPrefix("Too large resource version") || message.contains("Too large resource version:")
    return failure
  }

  /// The first line of a response that is not a Status: `404 page not found`, a proxy's HTML.
  private static func plain(_ exchange: Exchange) -> String {
    guard exchange.status != 0 else { return "no HTTP response" }
    if (300..<400).contains(exchange.status), !exchange.location.isEmpty {
      return
        "\(exchange.status): the server redirects to '\(exchange.location)', which kwatch does not follow: "
        + "set the address of the Kubernetes API itself"
    }
    if exchange.status == 407 { return Proxy.needsCredentials }
    let body = String(decoding: exchange.errorBody.prefix(300), as: UTF8.self)
    let line = body.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    if line.isEmpty { return "\(exchange.status) without a body" }
    let text = line.hasPrefix("\(exchange.status)") ? line : "\(exchange.status) \(line)"
    return String(text.prefix(200))
  }

  /// A Status object to print for a failure without one.
  static func status(_ failure: ScopeError) -> [UInt8] {
    let code = failure.code ?? 500
    return Status(code: code, reason: code == 410 ? "Expired" : "InternalError", message: failure.message)
      .json
  }
}
