// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One POST on a connection of its own, with a small answer.
struct HTTPQuestion: Sendable {
  struct Answer: Sendable, Equatable {
    var status: Int
    var body: [UInt8]
  }

  struct Failure: Error, CustomStringConvertible { var description: String }

  var host: String
  var port: Int
  var target: String
  var headers: [(name: String, value: String)]
  var body: String
  /// For `https`; nil speaks without TLS.
  var tls: NIOSSLContext?

  /// - Returns: the answer, or why there is none: whatever happens, within the time.
  func ask(on loop: any EventLoop, timeout: TimeAmount) -> EventLoopFuture<Answer> {
    let promise = loop.makePromise(of: Answer.self)
    let deadline = loop.scheduleTask(in: timeout) {
      promise.fail(Failure(description: "no answer within \(timeout.nanoseconds / 1_000_000) ms"))
    }
    let connected = ClientBootstrap(group: loop).connectTimeout(timeout).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        if let tls = self.tls {
          // An address is no name that a server could choose its certificate by (RFC 6066 section 3).
          let name = (try? SocketAddress(ipAddress: self.host, port: 0)) == nil ? self.host : nil
          try channel.pipeline.syncOperations.addHandler(
            NIOSSLClientHandler(context: tls, serverHostname: name))
        }
        try channel.pipeline.syncOperations.addHTTPClientHandlers()
        try channel.pipeline.syncOperations.addHandler(HTTPAnswerCollector(promise))
      }
    }.connect(host: host, port: port)
    connected.whenSuccess { channel in
      promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
      self.send(on: channel).whenFailure { error in promise.fail(Failure(description: "\(error)")) }
    }
    connected.whenFailure { error in
      promise.fail(Failure(description: "connect to \(host):\(port): \(error)"))
    }
    promise.futureResult.whenComplete { _ in deadline.cancel() }
    return promise.futureResult
  }

  private func send(on channel: any Channel) -> EventLoopFuture<Void> {
    var fields = HTTPHeaders(headers.map { ($0.name, $0.value) })
    fields.add(name: "Content-Length", value: String(body.utf8.count))
    fields.add(name: "Connection", value: "close")
    let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: target, headers: fields)
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(string: body))), promise: nil)
    return channel.writeAndFlush(HTTPClientRequestPart.end(nil))
  }
}

/// Puts an answer together; the promise fails with whatever keeps it from coming.
private final class HTTPAnswerCollector: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let promise: EventLoopPromise<HTTPQuestion.Answer>
  private var answer = HTTPQuestion.Answer(status: 0, body: [])

  private static let bodyLimit = 64 << 10

  init(_ promise: EventLoopPromise<HTTPQuestion.Answer>) { self.promise = promise }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): answer.status = Int(head.status.code)
    case .body(let buffer):
      guard answer.body.count + buffer.readableBytes <= HTTPAnswerCollector.bodyLimit else {
        return promise.fail(HTTPQuestion.Failure(description: "the answer has more than 64 KiB"))
      }
      answer.body += buffer.readableBytesView
    case .end: promise.succeed(answer)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    promise.fail(HTTPQuestion.Failure(description: "the connection ended before the answer"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    promise.fail(HTTPQuestion.Failure(description: "\(error)"))
    context.close(promise: nil)
  }
}
