// SPDX-License-Identifier: Apache-2.0
import NIOCore

extension HTTP2Exchange {
  /// The address of the peer: a stream's channel does not know it, and traps when it is asked.
  static func peer(of channel: any Channel, _ exchange: HTTP2Exchange?) -> SocketAddress? {
    (exchange == nil ? channel : channel.parent)?.remoteAddress
  }

  /// Bytes of a response that the peer has not taken yet.
  static func pendingBytes(of channel: any Channel, _ exchange: HTTP2Exchange?) -> Int {
    exchange?.pendingBytes ?? (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }
}
