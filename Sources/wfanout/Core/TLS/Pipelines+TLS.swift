// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOSSL
import NIOTLS

extension Pipelines {
  func addTLS(_ certificate: ServerCertificate, to channel: any Channel, on context: LoopContext) throws {
    let pipeline = channel.pipeline.syncOperations
    let connection = SecureConnection(channel, loopContext: context)
    try pipeline.addHandler(PlainRequestDetector(connection))
    try pipeline.addHandler(NIOSSLServerHandler(context: certificate.current))
    try pipeline.addHandler(
      ApplicationProtocolNegotiationHandler { result, channel in
        channel.eventLoop.makeCompletedFuture { try connection.speak(result, self) }
      })
    try pipeline.addHandler(connection)
  }

  func addHTTP2(to stream: any Channel, of connection: SecureConnection, on context: LoopContext) throws {
    let pipeline = stream.pipeline.syncOperations
    let exchange = HTTP2Exchange(of: connection)
    try pipeline.addHandler(exchange)
    try pipeline.addHandler(RequestHandler(router: router, loopContext: context, exchange: exchange))
  }
}
