// SPDX-License-Identifier: Apache-2.0
import JSON

/// A Kubernetes `Status` object, the `object` of an ERROR line and the body of an HTTP error.
///
/// Kubernetes API conventions, "Response Status Kind": `reason` is one word for machines, `message` is for people.
package struct Status: Sendable, Equatable {
  /// The HTTP status code.
  package var code: Int
  /// One CamelCase word: `Expired`, `NotFound`, `Forbidden`.
  package var reason: String
  package var message: String
  private var cause: Cause?

  /// The `details` of a failure, for clients that decide by them what to do next.
  private struct Cause: Sendable, Equatable {
    var reason: String
    var message: String
    var retryAfterSeconds: Int
  }

  package init(code: Int, reason: String, message: String) {
    self.code = code
    self.reason = reason
    self.message = message
  }

  /// 410: the position to continue from no longer exists.
  package static func expired(_ message: String) -> Status {
    Status(code: 410, reason: "Expired", message: message)
  }

  /// 504: the requested version is newer than `current`, the newest one of this server.
  package static func tooLarge(_ version: String, current: String) -> Status {
    let text = "Too large resource version"
    var status = Status(
      code: 504, reason: "Timeout", message: "Timeout: \(text): \(version), current: \(current)")
    status.cause = Cause(reason: "ResourceVersionTooLarge", message: text, retryAfterSeconds: 1)
    return status
  }

  /// The object as JSON text, keys in the API server's order.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("kind", "Status")
      writer.member("apiVersion", "v1")
      writer.key("metadata")
      writer.object { _ in }
      writer.member("status", "Failure")
      writer.member("message", message)
      writer.member("reason", reason)
      if let cause {
        writer.key("details")
        writer.object { Status.write(cause, &$0) }
      }
      writer.member("code", code)
    }
    return writer.bytes
  }

  private static func write(_ cause: Cause, _ writer: inout JSONWriter) {
    writer.key("causes")
    writer.array { writer in
      writer.object { writer in
        writer.member("reason", cause.reason)
        writer.member("message", cause.message)
      }
    }
    writer.member("retryAfterSeconds", cause.retryAfterSeconds)
  }

  package var errorLine: [UInt8] { EventLine.make(.error, object: json) }
}
