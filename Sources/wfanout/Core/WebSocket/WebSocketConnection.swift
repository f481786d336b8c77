// SPDX-License-Identifier: Apache-2.0
import Encoding
import Metrics
import NIOCore

/// A WebSocket connection: its frames, and the handling of messages by its mode.
///
/// Confined to the channel's event loop.
final class WebSocketConnection: Connection {
  enum Mode: Equatable {
    /// The lines of the stream only; messages from the client are ignored.
    case raw
    /// The protocol with `subscribe`, `ping` and the rest.
    case session(needsToken: Bool, isKnown: Bool)
    /// Returns each message; for conformance tests only.
    case echo
  }

  let client: Client
  /// Pings are its heartbeats.
  let sendsHeartbeats = false
  let mode: Mode
  let stream: EventStream
  private var decoder: WebSocketDecoder
  private var isDecoding = false
  /// Bytes that were read but not decoded yet: at most those of one read.
  private var unread: [ByteBufferView.Iterator] = []
  var session: SocketSession?
  private var heartbeat: Heartbeat
  private let reading: ClientReading
  private var countedSubscriptions = 0
  let catchUp: SourceReplay?
  var listening = Listening()
  /// The tick until which a token has to arrive.
  var tokenDue: UInt32?
  /// The CPU time of its costly messages.
  private lazy var meter = CPUMeter()
  private let cancellation = Cancellation()
  /// Messages for one client are not compressed, except echoes, because conformance tests require it.
  private lazy var echoDeflater = client.format.windowBits.map { Deflater(windowBits: $0) }

  private static let authSeconds: UInt32 = 10
  static let renewalSeconds: UInt32 = 30

  init(
    _ client: Client, mode: Mode, isCompressed: Bool, stream: EventStream, knownTypes: Set<String>?,
    catchUp: SourceReplay?
  ) {
    self.client = client
    self.mode = mode
    self.stream = stream
    self.catchUp = catchUp
    let loopContext = client.loopContext
    let limits = loopContext.limits
    decoder = WebSocketDecoder(
      messageLimit: mode == .echo ? 64 << 20 : limits.messageBytes,
      inflater: isCompressed ? loopContext.inflater : nil)
    heartbeat = Heartbeat(interval: limits.pingSeconds, timeout: limits.pongSeconds, now: loopContext.tick)
    reading = ClientReading(client.channel, loopContext: loopContext)
    if case .session(let needsToken, let isKnown) = mode {
      session = SocketSession(
        clientID: UUIDText.random(), needsToken: needsToken, isKnown: isKnown, knownTypes: knownTypes)
    }
  }

  func begin(_ start: ListenRequest.Start, _ matcher: (any LineMatcher)?) {
    if mode == .session(needsToken: true, isKnown: false) {
      tokenDue = loopContext.tick &+ WebSocketConnection.authSeconds
    }
    guard mode == .raw else {
      (listening.start, listening.filter) = (start, matcher)
      return
    }
    listen(matcher, start)
  }

  func received(_ bytes: ByteBuffer?) {
    // A pipelined request instead of a frame.
    guard let bytes else { return client.channel.close(promise: nil) }
    unread.append(bytes.readableBytesView.makeIterator())
    heartbeat.heard(at: loopContext.tick)
    decode()
  }

  private func decode() {
    // A write while a message is handled may cause a read before the decoder has returned.
    guard !isDecoding else { return }
    isDecoding = true
    defer { isDecoding = false }
    do throws(WebSocketDecoder.ProtocolError) {
      while !unread.isEmpty, !reading.isHeld, !client.isFinishing {
        guard let event = try decoder.next(&unread[0]) else {
          unread.removeFirst()
          continue
        }
        if reading.charge(), let session {
          act([session.error(.rateLimited, "too many messages; reading pauses")])
        }
        handle(event)
      }
    } catch {
      close(code: error.code, reason: error.reason)
    }
    if client.isFinishing { unread = [] }
    reading.adjust()
  }

  private func handle(_ event: WebSocketDecoder.Event) {
    switch event {
    case .ping(let payload): client.send(WebSocketFrame.message(.pong, payload))
    case .pong: break
    case .close(let code, _): close(code: code == 1005 ? 1000 : code, reason: "")
    case .text(let text):
      loopContext.counters.messagesReceived.increment()
      if mode == .echo { client.send(WebSocketFrame.message(.text, text, with: echoDeflater)) }
      receive(text)
    case .binary(let bytes):
      loopContext.counters.messagesReceived.increment()
      if mode == .echo { client.send(WebSocketFrame.message(.binary, bytes, with: echoDeflater)) }
      if let session { act(session.receivedBinary()) }
    }
  }

  private func receive(_ text: [UInt8]) {
    guard let session else { return }
    guard session.isCostly(text) else { return act(self.session?.receive(text, now: .now) ?? []) }
    let promise = client.channel.eventLoop.makePromise(of: (SocketSession, [SocketSession.Action]).self)
    let work = OneStepWork { [cancellation] in
      var session = session
      let actions = cancellation.isCancelled ? [] : session.receive(text, now: .now)
      return (session, actions)
    } whenDone: {
      promise.succeed($0)
    }
    stream.state.workers.submit(work, account: client.account, meter: meter)
    hold(until: promise.futureResult) { changed, actions in
      self.act(self.session?.take(actions, of: changed) ?? [])
    }
  }

  /// Handles no further message until the result of this one has been taken.
  private func hold<Result>(until result: EventLoopFuture<Result>, _ take: @escaping (Result) -> Void) {
    reading.isHeld = true
    result.assumeIsolated().whenSuccess { result in
      guard self.client.channel.isActive else { return }
      self.reading.isHeld = false
      guard !self.client.isFinishing else { return }
      take(result)
      self.decode()
    }
  }

  func act(_ actions: [SocketSession.Action]) {
    for action in actions {
      switch action {
      case .send(let text): client.send(WebSocketFrame.message(.text, Array(text.utf8)))
      case .sendPosition(let text):
        let member = standing.map { #","event_id":"\#($0)""# } ?? ""
        client.send(WebSocketFrame.message(.text, Array((text.dropLast() + member + "}").utf8)))
      case .deliver(let subscriptions): deliver(subscriptions)
      case .resume(let id): resume(id)
      case .check(let token): check(token)
      case .close(let code, let reason): close(code: code, reason: reason)
      }
    }
  }

  private func check(_ token: String) {
    guard let authenticator = loopContext.authenticator else { return act(session?.refused() ?? []) }
    hold(
      until: authenticator.verdict(
        of: token, from: client.channel.remoteAddress?.ipAddress, on: client.channel.eventLoop), take)
  }

  private func take(_ verdict: Verdict) {
    switch verdict {
    case .identity(let identity):
      // A token of another identity does not take over the subscriptions.
      guard client.identity.map({ $0.name == identity.name }) ?? true else {
        return act(session?.refused() ?? [])
      }
      client.identity = identity
    case .refused: return act(session?.refused() ?? [])
    case .unavailable, .limited: return act(session?.unverifiable() ?? [])
    }
    tokenDue = nil
    act(session?.authenticated() ?? [])
    listenAgain()
  }

  func describe(_ report: inout ClientReport) {
    guard let session else { return }
    report.clientID = session.clientID
    report.subscriptions = session.subscriptions.subscriptions
  }

  func count(_ subscriptions: Int) {
    loopContext.counters.subscriptions.add(Double(subscriptions - countedSubscriptions))
    countedSubscriptions = subscriptions
  }

  func release() {
    cancellation.cancel()
    removeListener()
    count(0)
    reading.end()
  }

  func resume() {
    reading.adjust()
    forEachListener { $0.hub?.resume($0) }
  }

  func tick() {
    guard !client.isFinishing else { return }
    let now = loopContext.tick
    if let due = tokenDue, due <= now {
      tokenDue = nil
      if let session { act([session.error(.authFailed, "no token was sent in time")]) }
      return close(code: 1008, reason: "authentication failed")
    }
    switch heartbeat.tick(now, isReading: reading.isReading) {
    case .ping: client.send(WebSocketFrame.message(.ping, []))
    case .giveUp: goodbye(reason: .heartbeatTimeout, code: 4408)
    case nil: break
    }
  }

  private func goodbye(reason: DisconnectReason, code: UInt16) {
    var bytes: [UInt8] = []
    if mode != .echo {
      Notice.disconnect(reason: reason, reconnectAfterMilliseconds: loopContext.reconnectDelay())
        .appendFrame(isRaw: mode == .raw, into: &bytes)
    }
    end(with: bytes + WebSocketFrame.close(code: code, reason: reason.rawValue))
  }

  func close(code: UInt16, reason: String) {
    guard !client.isFinishing else { return }
    removeListener()
    end(with: WebSocketFrame.close(code: code, reason: reason))
  }

  private func end(with bytes: [UInt8]) {
    reading.end()
    client.end(with: bytes)
  }

  func farewell(reason: DisconnectReason, reconnectAfterMilliseconds delay: Int) -> [UInt8] {
    reading.end()
    var bytes: [UInt8] = []
    if let session, reason == .sourceFailed {
      bytes = WebSocketFrame.message(
        .text, Array(session.errorText(.internalError, "the source failed").utf8))
    }
    if mode != .echo {
      Notice.disconnect(reason: reason, reconnectAfterMilliseconds: delay)
        .appendFrame(isRaw: mode == .raw, into: &bytes)
    }
    let code: UInt16 =
      switch reason {
      case .authRevoked, .endedByOperator, .tooSlow: 1008
      case .endOfStream: 1000
      case .sourceFailed: 1011
      default: 1001
      }
    return bytes + WebSocketFrame.close(code: code, reason: reason.rawValue)
  }
}
