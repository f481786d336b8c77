// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Process

/// Requests to the JetStream API, in its own JSON.
///
/// Not through libnats' functions for it, which know no several filter subjects, need more permissions, and wait for
/// a time-out where the server has long said that it does not allow the request.
package struct JetStream: Sendable {
  let connection: Connection
  let shutdown: Shutdown?
  /// How long one request may take.
  var timeout: Duration = .seconds(5)

  /// Error codes of the server (nats-server, server/errors.json).
  enum ErrorCode {
    static let streamNotFound = 10059
    static let consumerNotFound = 10014
    static let ackPolicyNotAllowed = 10098
    static let workQueueOverlap = 10100
    static let workQueueFilterRequired = 10099
    static let jetStreamNotEnabled = 10076
    static let jetStreamNotEnabledForAccount = 10039
    static let streamNameInUse = 10058
    static let noMessageFound = 10037
    /// What servers before 2.10 answer to several subjects with `last_per_subject`.
    static let filterSubjectMissing = 10094
  }

  /// The error where nobody answers the API.
  var isAbsent: NATSError {
    NATSError(
      .noResponders,
      "no JetStream answers on \(connection.settings.apiPrefix).>: enable it on the server (nats-server -js), "
        + "or give its domain with --js-domain or its subjects with --js-api-prefix")
  }

  private struct Failure: Decodable {
    struct Detail: Decodable {
      var code: Int
      var err_code: Int?
      var description: String?
    }
    var error: Detail?
  }

  /// Asks `$JS.API.<subject>` and reads the answer.
  ///
  /// - Parameters:
  ///   - subject: Without the API prefix.
  ///   - body: JSON, or empty.
  ///   - reply: What the answer is read as.
  /// - Returns: The answer.
  /// - Throws: `notFound`, `refused`, `unavailable`, `noPermission` (the server denied the subject), `interrupted`.
  func request<Reply: Decodable>(
    _ subject: String, _ body: String = "", as reply: Reply.Type
  ) throws(NATSError) -> Reply {
    try Self.read(subject, try exchange(subject, body), as: reply)
  }

  /// Reads an answer of `$JS.API.<subject>`.
  static func read<Reply: Decodable>(
    _ subject: String, _ data: Data, as reply: Reply.Type
  ) throws(NATSError) -> Reply {
    if let detail = (try? JSONDecoder().decode(Failure.self, from: data))?.error {
      throw error(subject, code: detail.code, serverCode: detail.err_code ?? 0, detail.description ?? "")
    }
    do {
      return try JSONDecoder().decode(Reply.self, from: data)
    } catch {
      throw NATSError(.refused, "\(subject): the answer cannot be read: \(error)")
    }
  }

  static func error(_ subject: String, code: Int, serverCode: Int, _ description: String) -> NATSError {
    let message = "\(subject): \(description) (\(code)/\(serverCode))"
    let kind: NATSError.Code
    switch (code, serverCode) {
    case (_, ErrorCode.streamNotFound), (_, ErrorCode.consumerNotFound): kind = .notFound
    case (401, _), (403, _): kind = .noPermission
    // 503 with "not enabled" is what a server without JetStream says: waiting does not help, but nor is it us.
    case (503, ErrorCode.jetStreamNotEnabled), (503, ErrorCode.jetStreamNotEnabledForAccount): kind = .refused
    case (503, _), (408, _), (504, _): kind = .unavailable
    default: kind = .refused
    }
    return NATSError(kind, message, serverCode: serverCode)
  }

  private func exchange(_ subject: String, _ body: String) throws(NATSError) -> Data {
    Data(
      try connection.request(
        "\(connection.settings.apiPrefix).\(subject)", Array(body.utf8), what: subject, timeout: timeout,
        shutdown: shutdown))
  }
}
