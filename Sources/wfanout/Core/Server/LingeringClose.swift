// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// The end of a connection whose client may still be sending.
///
/// A kernel answers input that was not read before the close, and all that comes after it, with a reset. A
/// reset can take the response from a client that has not read it yet. So the sending side is closed first;
/// what comes after that is read and discarded until the client closes too (RFC 9112 section 9.6).
enum LingeringClose {
  /// How long a client has to close its side.
  static let limit = TimeAmount.seconds(2)

  /// Closes a channel whose last bytes have been written. Its handlers discard further input.
  ///
  /// Call this on the channel's event loop. `context` is given by a handler below TLS.
  static func begin(_ channel: any Channel, from context: ChannelHandlerContext? = nil) {
    if let context {
      context.close(mode: .output, promise: nil)
    } else {
      channel.close(mode: .output, promise: nil)
    }
    // Reading may have been paused for a client that sent too much.
    channel.setOption(.autoRead, value: true).whenFailure { _ in }
    let bottom = context ?? tls(of: channel)
    let end = channel.eventLoop.assumeIsolated().scheduleTask(in: limit) {
      // Not through TLS, which would wait for the client's goodbye.
      if let bottom { bottom.close(promise: nil) } else { channel.close(promise: nil) }
    }
    channel.closeFuture.whenComplete { _ in end.cancel() }
  }
}
