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

  package init(code: Int, reason: String, message: String) {
    self.code = code
    self.reason = reason
    self.message = message
  }

  /// 410: the position to continue from no longer exists.
  package static func expired(_ message: String) -> Status {
    Status(code: 410, reason: "Expired", message: message)
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
      writer.member("code", code)
    }
    return writer.bytes
  }

  package var errorLine: [UInt8] { EventLine.make(.error, object: json) }
}
