// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// Responses that stay open: the handler hands its channel to a ``Connection``.
extension RequestHandler {
  func open(_ result: RouteResult, _ request: HTTPRequest, _ context: ChannelHandlerContext) {
    switch result {
    case .response, .later: break
    case .listen(let plan) where request.method == "HEAD":
      send(.headOnly(plan.contentType, RequestHandler.uncached), context)
    case .listen(let plan):
      let format = WireFormat(shape: plan.shape, isChunked: request.version == .http11)
      let connection = ListenConnection(client(context, format, plan.identity))
      open(connection, 200, streamHeaders(plan.contentType, format) + standing(plan), context) {
        connection.begin(plan)
      }
    case .document(let plan) where request.method == "HEAD":
      send(.headOnly(plan.document.contentType, RequestHandler.uncached + plan.document.headers), context)
    case .document(let plan):
      let format = WireFormat(shape: .lines, isChunked: request.version == .http11)
      let connection = DocumentConnection(client(context, format, plan.identity), plan)
      let headers = streamHeaders(plan.document.contentType, format) + plan.document.headers
      open(connection, 200, headers, context) { connection.begin() }
    case .channels(let id, let identity, let registry):
      let format = WireFormat(shape: .channelEvent(channel: ""), isChunked: request.version == .http11)
      let connection = ChannelConnection(client(context, format, identity), clientID: id, registry: registry)
      guard registry.join(connection, identity: identity?.name ?? "") else {
        return send(.json(403, #"{"error":"Client not owned by this user"}"#), context)
      }
      open(connection, 200, streamHeaders(ChannelRoutes.contentType, format), context) {
        connection.begin()
      }
    case .upgrade(let plan):
      let connection = WebSocketConnection(
        client(context, plan.format, plan.identity), mode: plan.mode, isCompressed: plan.compression != nil,
        stream: plan.stream, knownTypes: router.services.knownTypes, catchUp: router.services.catchUp)
      open(connection, 101, plan.headers, context) { connection.begin(plan.start, plan.matcher) }
    }
  }

  private func client(
    _ context: ChannelHandlerContext, _ format: WireFormat, _ identity: Identity?
  ) -> Client {
    Client(
      context.channel, format: format, exchange: exchange, identity: identity, loopContext: loopContext)
  }

  /// Sends the head and hands the channel over. The head is flushed last, so that a client that has read it
  /// misses no later event.
  private func open(
    _ connection: some Connection, _ status: Int, _ headers: [(name: String, value: String)],
    _ context: ChannelHandlerContext, begin: () -> Void
  ) {
    let channel = context.channel
    writeHead(status, headers, channel)
    become(connection, context)
    begin()
    channel.flush()
  }

  /// The header with the start position, for clients of NDJSON, whose lines have no ids.
  private func standing(_ plan: ListenPlan) -> [(name: String, value: String)] {
    let hub = plan.stream.hubs[loopContext.index]
    guard plan.start == .now, plan.shape != .kubernetes else { return [] }
    return [("Last-Event-ID", "\(hub.id(before: hub.ring.end))")]
  }

  /// Neither caches nor proxies may hold back a stream.
  static let uncached: [(name: String, value: String)] = [
    ("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no"),
  ]

  private func streamHeaders(_ type: String, _ format: WireFormat) -> [(name: String, value: String)] {
    [("Content-Type", type)] + RequestHandler.uncached + [("Connection", "close")]
      + (format.isChunked ? [("Transfer-Encoding", "chunked")] : []) + originHeaders
  }

  /// Removes all other handlers from the pipeline, which keeps an idle listener small.
  private func become(_ connection: some Connection, _ context: ChannelHandlerContext) {
    let pipeline = context.pipeline.syncOperations
    setReading(true, context)
    do {
      try pipeline.addHandler(connection)
      if let decoder = try? pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self) {
        pipeline.removeHandler(decoder, promise: nil)
      }
      pipeline.removeHandler(self, promise: nil)
    } catch {
      context.close(promise: nil)
    }
  }
}
