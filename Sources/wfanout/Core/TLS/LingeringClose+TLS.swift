// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOSSL

extension LingeringClose {
  /// The place of TLS in a channel; nil in one that has none.
  static func tls(of channel: any Channel) -> ChannelHandlerContext? {
    try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
  }
}
