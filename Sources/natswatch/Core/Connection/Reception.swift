// SPDX-License-Identifier: Apache-2.0

/// Whether a large message is arriving. On a slow connection, the heartbeats and responses after it are delayed until it
/// is complete, so their absence does not mean that the server is silent.
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
