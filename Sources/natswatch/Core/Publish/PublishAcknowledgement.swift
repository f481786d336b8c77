// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// What the stream answers to a published message.
enum PublishAcknowledgement: Equatable, Sendable {
  case stored
  /// The stream has had a message of this id before.
  case duplicate
  /// Not now: no leader, no resources.
  case refusedForNow(String)
  /// Never: too large, stream full and told to refuse, wrong expectation.
  case refused(String)

  init(_ payload: UnsafeBufferPointer<UInt8>) {
    struct Reply: Decodable {
      struct Failure: Decodable {
        var code: Int
        var err_code: Int?
        var description: String?
      }
      var error: Failure?
      var duplicate: Bool?
    }
    // The usual answer is known by its beginning: {"stream":"S", "seq":N}
    let prefix: StaticString = "{\"stream\":"
    let isPlain =
      payload.count > prefix.utf8CodeUnitCount && payload.count < 512
      && (0..<prefix.utf8CodeUnitCount).allSatisfy { unsafe payload[$0] == prefix.utf8Start[$0] }
    if isPlain, unsafe !Self.hasMore(payload) {
      self = .stored
      return
    }
    guard let reply = unsafe try? JSONDecoder().decode(Reply.self, from: Data(payload)) else {
      self = .refusedForNow("an answer that cannot be read")
      return
    }
    guard let error = reply.error else {
      self = reply.duplicate == true ? .duplicate : .stored
      return
    }
    let text = "\(error.description ?? "refused") (\(error.code)/\(error.err_code ?? 0))"
    self = error.code == 503 || error.code == 408 ? .refusedForNow(text) : .refused(text)
  }

  /// Anything but a digit before the closing brace: more than stream and sequence is in it.
  private static func hasMore(_ payload: UnsafeBufferPointer<UInt8>) -> Bool {
    unsafe payload[payload.count - 2] &- UInt8(ascii: "0") > 9
  }
}
