// SPDX-License-Identifier: Apache-2.0
import NIOCore

extension HTTP2Exchange {
  /// The address of the peer. The channel of an HTTP/2 stream traps when asked for it.
  static func peer(of channel: any Channel, _ exchange: HTTP2Exchange?) -> SocketAddress? {
    (exchange == nil ? channel : channel.parent)?.remoteAddress
  }

  /// Bytes of a response that have not been sent yet.
  static func pendingBytes(of channel: any Channel, _ exchange: HTTP2Exchange?) -> Int {
    exchange?.pendingBytes ?? (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }
}
