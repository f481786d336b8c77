// SPDX-License-Identifier: Apache-2.0

import JSON
import Process

/// Requests to the JetStream API, in its own JSON.
///
/// libnats' own functions are not used: they do not support several filter subjects, need more permissions,
/// and wait for a time-out after the server has denied a request.
package struct JetStream: Sendable {
  let connection: Connection
  let shutdown: Shutdown?
  /// The time limit of a request.
  var timeout: Duration = .seconds(5)

  /// Error codes of the server (nats-server, server/errors.json).
  enum ErrorCode {
    static let streamNotFound = 10059
    static let consumerNotFound = 10014
    static let ackPolicyNotAllowed = 10098
    static let workQueueOverlap = 10100
    static let workQueueFilterRequired = 10099
    static let subjectsOverlap = 10065
    static let jetStreamNotEnabled = 10076
    static let jetStreamNotEnabledForAccount = 10039
    static let streamNameInUse = 10058
    static let noMessageFound = 10037
    /// The error of servers before 2.10 for several subjects with `last_per_subject`.
    static let filterSubjectMissing = 10094
  }

  /// Sends a request to `$JS.API.<subject>` and parses the response.
  ///
  /// - Parameters:
  ///   - subject: Without the API prefix.
  ///   - body: JSON, or empty.
  ///   - response: The type of the response.
  /// - Returns: The response.
  /// - Throws: `notFound`, `refused`, `unavailable`, `noPermission` (the server denied the subject), `interrupted`.
  func request<Response: JetStreamResponse>(
    _ subject: String, _ body: [UInt8] = [], as response: Response.Type
  ) throws(NATSError) -> Response {
    try Self.read(
      subject,
      try connection.request(
        "\(connection.settings.apiPrefix).\(subject)", body, what: subject, timeout: timeout,
        shutdown: shutdown),
      as: response)
  }

  /// Reads a response of `$JS.API.<subject>`.
  static func read<Response: JetStreamResponse>(
    _ subject: String, _ bytes: [UInt8], as response: Response.Type
  ) throws(NATSError) -> Response {
    guard let document = try? JSONValue(parsing: bytes) else {
      throw NATSError(.refused, "\(subject): the response is not JSON")
    }
    if let detail = document["error"], let code = detail["code"]?.integer {
      throw error(
        subject, code: code, serverCode: detail["err_code"]?.integer ?? 0,
        detail["description"]?.string ?? "")
    }
    guard let response = Response(document) else {
      throw NATSError(.refused, "\(subject): the response lacks a field, or a number is out of range")
    }
    return response
  }

  static func error(_ subject: String, code: Int, serverCode: Int, _ description: String) -> NATSError {
    let message = "\(subject): \(description) (\(code)/\(serverCode))"
    let kind: NATSError.Code
    switch (code, serverCode) {
    case (_, ErrorCode.streamNotFound), (_, ErrorCode.consumerNotFound): kind = .notFound
    case (401, _), (403, _): kind = .noPermission
    // A server without JetStream answers 503 with "not enabled"; waiting does not help.
    case (503, ErrorCode.jetStreamNotEnabled), (503, ErrorCode.jetStreamNotEnabledForAccount): kind = .refused
    case (503, _), (408, _), (504, _): kind = .unavailable
    default: kind = .refused
    }
    return NATSError(kind, message, serverCode: serverCode)
  }
}

/// The contents of a response of the JetStream API.
protocol JetStreamResponse {
  /// Nil when the document lacks something that every server sends.
  init?(_ document: JSONValue)
}

/// The whole document.
extension JSONValue: JetStreamResponse {
  init?(_ document: JSONValue) { self = document }

  /// A number that counts from zero, and that has a successor.
  var unsigned: UInt64? {
    guard case .number(let text) = self, let number = UInt64(text), number < .max else { return nil }
    return number
  }
}

extension JSONWriter {
  /// The bytes of an object, whose members `body` writes.
  static func object(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter()
    writer.object(body)
    return writer.bytes
  }
}
