// SPDX-License-Identifier: Apache-2.0

/// Tells silence from a large message that is arriving on a slow line. Nothing behind the message, such as a heartbeat or
/// the response to a request, can arrive before its end.
struct Reception {
  private let loop: EventLoop
  private var seen: Int

  /// More bytes than this are not just a PONG or the response to a request.
  private static let smallBytes = 16 << 10

  init(_ loop: EventLoop) {
    self.loop = loop
    seen = loop.receivedBytes
  }

  /// Whether a part of a large message has arrived since the last mark.
  var isReceiving: Bool { loop.receivedBytes > seen + Self.smallBytes }

  /// What has arrived until now has been considered.
  mutating func mark() { seen = loop.receivedBytes }
}
