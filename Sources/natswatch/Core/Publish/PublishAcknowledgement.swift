// SPDX-License-Identifier: Apache-2.0

import JSON

/// The stream's response to a published message.
enum PublishAcknowledgement: Equatable, Sendable {
  case stored
  /// The stream already has a message with this id.
  case duplicate
  /// Not now: no leader, or the message's first copy is still being stored.
  case refusedForNow(String)
  /// Refused until messages are removed: the stream or the server is full.
  case full(String)
  /// Refused for good: too large, wrong expected sequence, sealed stream.
  case refused(String)

  /// "duplicate message id is in process": a replicated stream has not stored the first copy yet.
  private static let duplicateInProcess = 10158

  init(_ payload: UnsafeBufferPointer<UInt8>) {
    // The usual response is recognised by its beginning: {"stream":"S", "seq":N}
    let prefix: StaticString = "{\"stream\":"
    let isPlain =
      payload.count > prefix.utf8CodeUnitCount && payload.count < 512
      && (0..<prefix.utf8CodeUnitCount).allSatisfy { unsafe payload[$0] == prefix.utf8Start[$0] }
    if isPlain, unsafe !Self.hasMore(payload) {
      self = .stored
      return
    }
    guard let reply = unsafe try? JSONValue(parsing: Array(payload)) else {
      self = .refusedForNow("a response that cannot be read")
      return
    }
    guard let error = reply["error"], let code = error["code"]?.integer else {
      self = reply["duplicate"]?.bool == true ? .duplicate : .stored
      return
    }
    let serverCode = error["err_code"]?.integer ?? 0
    let text = "\(error["description"]?.string ?? "refused") (\(code)/\(serverCode))"
    // 10077 is any failure to store; its text distinguishes them.
    let isFull =
      [10002, 10023, 10028, 10047].contains(serverCode)
      || code == 503 && ["maximum", "exceeded", "insufficient"].contains { text.contains($0) }
    let isForNow = [408, 429, 503].contains(code) || serverCode == Self.duplicateInProcess
    self = isFull ? .full(text) : isForNow ? .refusedForNow(text) : .refused(text)
  }

  /// Whether there are more members than stream and sequence: the byte before the closing brace is not a
  /// digit.
  private static func hasMore(_ payload: UnsafeBufferPointer<UInt8>) -> Bool {
    unsafe payload[payload.count - 2] &- UInt8(ascii: "0") > 9
  }
}
