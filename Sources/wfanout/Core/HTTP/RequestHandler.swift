// SPDX-License-Identifier: Apache-2.0
import Events
import NIOCore
import NIOHTTP1

/// Answers requests, one at a time. For a response that is a stream it hands the channel to a ``Connection``.
///
/// Confined to the channel's event loop.
final class RequestHandler: ChannelInboundHandler, RemovableChannelHandler, AwaitingRequest {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = ByteBuffer

  let router: Router
  let loopContext: LoopContext
  /// The HTTP/2 stream of the request; nil for HTTP/1.
  let exchange: HTTP2Exchange?
  private var request: HTTPRequest?
  /// The bytes of its body.
  private var bodySize = 0
  private lazy var bodyMemory = MemoryShare(of: .bodies)
  private var isKeptAlive = true
  private var isHTTP10 = false
  private var isRefused = false
  /// Pipelined requests, held until the current one is answered, since responses are sent in the order of the
  /// requests (RFC 9112 section 9.3.2). Reading stops in the meantime.
  private var waiting: [HTTPServerRequestPart] = []
  /// The parse error that follows them.
  private var parserError: (any Error)?
  private var isReading = true
  /// Whether the response is still being prepared.
  private var isPreparing: Bool { preparation != nil }
  private var preparation: Cancellation?
  /// Requests that were answered since the loop last served other connections, and whether they are enough.
  private var answered = 0
  private var isYielding = false
  /// Pipelined requests that are answered before other connections are served.
  private static let requestsPerTurn = 16
  /// A task that is due at once would run before other connections are served.
  private static let pause = TimeAmount.milliseconds(1)
  /// The unsent bytes of the response at the last check.
  private var lastPending = 0
  private var context: ChannelHandlerContext?
  private(set) var address: String?

  var isBeingAnswered: Bool {
    guard let context else { return false }
    return isAnswering(context)
  }

  func close() { context?.close(promise: nil) }
  /// The CORS fields of the response.
  private(set) var originHeaders: [(name: String, value: String)] = []

  /// Bodies are small JSON documents, or an operator's event.
  private var bodyLimit: Int { router.admin == nil ? 64 << 10 : 1 << 20 }

  init(router: Router, loopContext: LoopContext, exchange: HTTP2Exchange? = nil) {
    self.router = router
    self.exchange = exchange
    self.loopContext = loopContext
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    loopContext.await(self)
    guard exchange == nil else { return }
    address = context.channel.remoteAddress?.ipAddress
    loopContext.becameIdle(self, address: address)
  }

  /// Not when the channel becomes inactive: one that is closed before it was registered was never active.
  func handlerRemoved(context: ChannelHandlerContext) {
    loopContext.stopAwaiting(self)
    loopContext.isIdleNoMore(self, address: address)
    preparation?.cancel()
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // Ignores what follows the last request that is answered.
    guard !isRefused else { return }
    let part = unwrapInboundIn(data)
    guard isAnswering(context) else { return take(part, context) }
    waiting.append(part)
    setReading(false, context)
  }

  /// Whether a response is being prepared, or waits for a client that does not read: more of them would fill
  /// memory.
  private func isAnswering(_ context: ChannelHandlerContext) -> Bool {
    isPreparing || isYielding || !context.channel.isWritable
  }

  /// Lets other connections have their turn after a number of requests.
  private func yieldAfterRequest(_ context: ChannelHandlerContext) {
    answered += 1
    guard answered >= RequestHandler.requestsPerTurn, !isYielding else { return }
    isYielding = true
    context.eventLoop.assumeIsolated().scheduleTask(in: RequestHandler.pause) {
      self.isYielding = false
      self.answered = 0
      self.takeWaiting()
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if !isYielding { answered = 0 }
    context.fireChannelReadComplete()
  }

  func setReading(_ isReading: Bool, _ context: ChannelHandlerContext) {
    guard isReading != self.isReading else { return }
    self.isReading = isReading
    context.channel.setOption(.autoRead, value: isReading).whenFailure { _ in }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    guard context.channel.isWritable else { return }
    // The response has been sent: the time limit for the next request begins now.
    if request == nil, !isPreparing { loopContext.await(self, seconds: loopContext.limits.keepAliveSeconds) }
    takeWaiting()
  }

  private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
    switch part {
    case .head(let head):
      guard !isRefused else { return }
      begin(head, context)
    case .body(let buffer):
      guard !isRefused, request != nil else { return }
      bodySize += buffer.readableBytes
      guard bodySize <= bodyLimit else { return refuse(tooLarge, context) }
      // No other request's body has a meaning.
      guard request?.method == "POST" else { return }
      guard bodyMemory.change(to: bodySize) else {
        return refuse(HTTPError.unavailable("too many requests with a body are on their way").status, context)
      }
      request?.body.append(contentsOf: buffer.readableBytesView)
    case .end:
      guard !isRefused, let request else { return }
      self.request = nil
      if bodySize > 0 { _ = bodyMemory.change(to: 0) }
      loopContext.stopAwaiting(self)
      guard request.hasHost else {
        // RFC 9112 section 3.2: a missing or repeated Host field is answered with 400.
        return refuse(HTTPError.badRequest("a request must have exactly one Host field").status, context)
      }
      originHeaders = router.origin.responseHeaders(request)
      yieldAfterRequest(context)
      carryOut(router.route(request, on: loopContext), request, context)
    }
  }

  private func takeWaiting() {
    let parts = waiting
    waiting = []
    for part in parts {
      guard let context else { return }
      if isAnswering(context) { waiting.append(part) } else { take(part, context) }
    }
    guard let context, waiting.isEmpty else { return }
    setReading(true, context)
    if let error = parserError, !isAnswering(context) { refuse(error, context) }
  }

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    // A stream of HTTP/2 has one request.
    isKeptAlive = exchange == nil && head.isKeepAlive && !head.asksForAnotherProtocol
    isHTTP10 = head.version == .http1_0
    loopContext.await(self)
    var request = HTTPRequest(
      method: head.method.rawValue, target: head.uri, headers: head.headers.map { ($0.name, $0.value) },
      version: exchange != nil ? .http2 : isHTTP10 ? .http10 : .http11)
    request.address = HTTP2Exchange.peer(of: context.channel, exchange)?.ipAddress
    self.request = request
    bodySize = 0
    if let error = request.codingError { return refuse(error.status, context) }
    if let length = request.header("content-length").flatMap({ Int($0) }), length > bodyLimit {
      return refuse(tooLarge, context)
    }
    // Not for HTTP/1.0 (RFC 9110 section 10.1.1).
    if request.version == .http11, request.header("expect")?.lowercased() == "100-continue" {
      context.writeAndFlush(
        wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The decoder repeats its error for each piece that comes after it.
    if isRefused, error is ByteToMessageDecoderError { return }
    guard error is HTTPParserError else { return context.close(promise: nil) }
    if isAnswering(context) { parserError = error } else { refuse(error, context) }
  }

  private func refuse(_ error: any Error, _ context: ChannelHandlerContext) {
    let message = "not an HTTP request: \(RequestHandler.reason(error))"
    guard case .headerOverflow? = error as? HTTPParserError else {
      return refuse(HTTPError.badRequest(message).status, context)
    }
    refuse(Status(code: 431, reason: "RequestHeaderFieldsTooLarge", message: message), context)
  }

  /// Answers, perhaps before the whole request has been read, and closes.
  private func refuse(_ status: Status, _ context: ChannelHandlerContext) {
    guard !isRefused else { return }
    isKeptAlive = false
    isRefused = true
    send(.failure(status), context)
  }

  private static func reason(_ error: any Error) -> String {
    switch error as? HTTPParserError {
    case .headerOverflow?: "its header is too long"
    case .invalidEOFState?: "it ends too early"
    case .invalidVersion?: "its version is not HTTP/1.0 or HTTP/1.1"
    case .invalidMethod?: "its method is not known"
    case .invalidURL?: "its target is not a URL"
    case .invalidHeaderToken?: "it has a malformed header field"
    case .invalidContentLength?, .unexpectedContentLength?: "its Content-Length is not valid"
    case .invalidChunkSize?: "a chunk's size is not valid"
    default: "it does not follow RFC 9112"
    }
  }

  /// The request did not arrive in time, or the client does not read the response.
  func waitedTooLong() {
    guard let context else { return }
    let pending = HTTP2Exchange.pendingBytes(of: context.channel, exchange)
    if pending > 0 {
      guard pending != lastPending else { return context.close(promise: nil) }
      lastPending = pending
      return loopContext.await(self)
    }
    isKeptAlive = false
    isRefused = true
    loopContext.stopAwaiting(self)
    if request == nil {
      context.close(promise: nil)
    } else {
      send(.text(408, "the request took too long"), context)
    }
  }

  private func carryOut(_ reply: RouteResult, _ request: HTTPRequest, _ context: ChannelHandlerContext) {
    // A connection that was opened for a client that has left would never end.
    guard context.channel.isActive else { return }
    switch reply {
    case .response(let response):
      send(response, context, isHead: request.method == "HEAD")
    case .later(let future):
      preparation = request.cancellation
      future.assumeIsolated().whenComplete { result in
        self.preparation = nil
        guard let context = self.context else { return }
        let failure = RouteResult.response(.text(500, "the response could not be made"))
        self.carryOut((try? result.get()) ?? failure, request, context)
        self.takeWaiting()
      }
    case .listen, .document, .channels, .upgrade:
      switch router.admitting(reply, to: request, on: loopContext) {
      case .response(let refusal): send(refusal, context)
      case let reply: open(reply, request, context)
      }
    }
  }

  func send(_ response: HTTPResponse, _ context: ChannelHandlerContext, isHead: Bool = false) {
    let channel = context.channel
    var headers = response.headers + originHeaders
    if response.hasLength { headers.append(("Content-Length", String(response.body.count))) }
    headers.append(
      isKeptAlive
        ? ("Keep-Alive", "timeout=\(loopContext.limits.keepAliveSeconds)") : ("Connection", "close"))
    // An HTTP/1.0 client takes the connection for closed otherwise (RFC 9112 section 9.3).
    if isHTTP10, isKeptAlive { headers.append(("Connection", "keep-alive")) }
    writeHead(response.status, headers, channel)
    var promise: EventLoopPromise<Void>?
    if !isKeptAlive {
      isRefused = true  // ignores what follows this request
      waiting = []
      promise = context.eventLoop.makePromise(of: Void.self)
      promise?.futureResult.assumeIsolated().whenComplete { _ in self.end(channel) }
    }
    lastPending = 0
    channel.writeAndFlush(ByteBuffer(bytes: isHead ? [] : response.body), promise: promise)
    // A response that does not fit the socket has to make progress; afterwards the keep-alive time applies.
    loopContext.await(self, seconds: channel.isWritable ? loopContext.limits.keepAliveSeconds : nil)
  }

  private func end(_ channel: any Channel) {
    if exchange == nil { LingeringClose.begin(channel) } else { channel.close(promise: nil) }
  }

  func writeHead(
    _ status: Int, _ headers: [(name: String, value: String)], _ channel: any Channel
  ) {
    let headers = headers + [("Date", loopContext.date)]
    if let exchange { return exchange.writeHead(status, headers) }
    channel.write(ByteBuffer(bytes: ResponseHead.encode(status, headers)), promise: nil)
  }

  private var tooLarge: Status {
    Status(
      code: 413, reason: "RequestEntityTooLarge",
      message: "the body has more than \(bodyLimit) bytes")
  }
}
