// SPDX-License-Identifier: Apache-2.0
import Events

/// How a command ended.
struct UpstreamEnding: Sendable, Equatable {
  /// The exit status; 128 and the signal's number for a command that was killed.
  var status: Int32
  /// The ending in words, with the message of its last line if that is an ERROR, or with the end of its stderr if
  /// clients may see that.
  var message: String
  /// The Status of its last line, if that is an ERROR.
  var error: Status?

  /// The end as a Kubernetes Status; nil for an end without an error.
  var failure: Status? {
    guard status != 0 else { return nil }
    let (code, reason) = meaning
    return Status(code: code, reason: reason, message: message)
  }

  /// The exit status that the tools share, as an HTTP status and a Kubernetes reason.
  var meaning: (code: Int, reason: String) {
    switch status {
    case 64: (400, "BadRequest")
    case 66: (404, "NotFound")
    case 69: (503, "ServiceUnavailable")
    case 75: (410, "Expired")
    case 77: (403, "Forbidden")
    case 124: (504, "Timeout")
    default: (error?.code ?? 500, error?.reason ?? "InternalError")
    }
  }
}
