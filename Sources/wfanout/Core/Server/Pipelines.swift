// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// Builds the pipelines of accepted connections.
struct Pipelines: Sendable {
  let router: Router
  let contexts: [LoopContext]
  /// Nil serves HTTP/1.1 without TLS.
  let certificate: ServerCertificate?

  /// Call this on the channel's event loop.
  func begin(on channel: any Channel) throws {
    guard let context = contexts.first(where: { $0.loop === channel.eventLoop }) else {
      channel.close(promise: nil)
      return
    }
    guard let certificate else { return try addHTTP1(to: channel, on: context) }
    try addTLS(certificate, to: channel, on: context)
  }

  func addHTTP1(to channel: any Channel, on context: LoopContext) throws {
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)))
    try pipeline.addHandler(RequestHandler(router: router, loopContext: context))
  }
}
