// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
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

  private let mode: Mode
  private let stream: EventStream
  private let admission: Admission
  private var decoder: WebSocketDecoder
  private var isDecoding = false
  /// Bytes that were read but not decoded yet.
  private var unread: [ByteBuffer] = []
  private var session: SocketSession?
  private var isClosing = false {
    didSet { reading.end() }
  }
  private var heartbeat: Heartbeat
  private let reading: ClientReading
  private var countedSubscriptions = 0
  /// The start position of the first subscription.
  private var start = ListenRequest.Start.now
  /// The filters of the handshake's query.
  private var filter: (any LineMatcher)?
  private let authenticator: Authenticator?
  private let catchUp: SourceReplay?
  /// The stream of a `catch-up` command, and where the client continues after it.
  private var replayed: (stream: EventStream, next: SourceReplay.Continuation)?
  /// The number of times that the subscriptions or the position changed: the result of a `catch-up` for an
  /// earlier request is ignored.
  private var listenCount = 0
  /// Where the stream continues after the client has sent a new token.
  private var pausedPosition: Int?
  /// The tick until which a token has to arrive.
  private var tokenDue: UInt32?
  /// Messages that arrived while a token is being validated; nil if none is.
  private var heldEvents: [WebSocketDecoder.Event]?
  /// Messages for one client are not compressed, except echoes, because conformance tests require it.
  private lazy var echoDeflater = format.windowBits.map { Deflater(windowBits: $0) }

  private static let authSeconds: UInt32 = 10
  private static let renewalSeconds: UInt32 = 30

  init(
    channel: any Channel, mode: Mode, compression: MessageCompression?, stream: EventStream,
    admission: Admission, knownTypes: Set<String>?, authenticator: Authenticator?,
    catchUp: SourceReplay?, loopContext: LoopContext
  ) {
    self.catchUp = catchUp
    self.authenticator = authenticator
    self.mode = mode
    self.stream = stream
    self.admission = admission
    self.decoder = WebSocketDecoder(
      messageLimit: mode == .echo ? 64 << 20 : loopContext.limits.messageBytes,
      inflater: compression == nil ? nil : loopContext.inflater)
    self.heartbeat = Heartbeat(
      interval: loopContext.limits.pingSeconds, timeout: loopContext.limits.pongSeconds, now: loopContext.tick
    )
    self.reading = ClientReading(channel, loopContext: loopContext)
    if case .session(let needsToken, let isKnown) = mode {
      session = SocketSession(
        clientID: UUIDText.random(), needsToken: needsToken, isKnown: isKnown, knownTypes: knownTypes)
    }
    let shape: WireFormat.Shape = mode == .raw ? .webSocketText : .webSocketEvent
    super.init(
      channel: channel,
      format: WireFormat(shape: shape, isChunked: false, windowBits: compression?.windowBits),
      loopContext: loopContext)
  }

  func begin(_ start: ListenRequest.Start, _ matcher: (any LineMatcher)?) {
    if mode == .session(needsToken: true, isKnown: false) {
      tokenDue = loopContext.tick &+ WebSocketConnection.authSeconds
    }
    guard mode == .raw else {
      (self.start, filter) = (start, matcher)
      return
    }
    listen(matcher, start)
  }

  private func listen(_ matcher: (any LineMatcher)?, _ start: ListenRequest.Start, at position: Int? = nil) {
    guard !isGone else { return }
    listenCount += 1
    guard case .after(let id) = start else { return join(matcher, start, at: position) }
    replayed = nil
    guard let catchUp, EventID(id) != nil,
      case .reset = stream.hubs[loopContext.index].place(ofVersion: id)
    else { return join(matcher, start, at: position) }
    // A subscription that arrives before the source has responded starts there too.
    self.start = start
    let count = listenCount
    catchUp.begin(
      after: id, of: stream, account: account, listener: loopContext.listenerName(), on: loopContext
    )
    .assumeIsolated().whenSuccess { outcome in
      guard !self.isGone, !self.isClosing, self.listenCount == count else { return }
      switch outcome {
      case .absent: self.join(matcher, start, at: nil)
      case .failed(let status): self.cannotCatchUp(status)
      case .begun(let stream, let next):
        self.replayed = (stream, next)
        self.join(matcher, .at(.position(0)), at: nil)
      }
    }
  }

  private func join(_ matcher: (any LineMatcher)?, _ start: ListenRequest.Start, at position: Int?) {
    self.start = .now
    let stream = replayed?.stream ?? stream
    let hub = stream.hubs[loopContext.index]
    let listener = Listener(
      lane: stream.state.lane(format, matcher), connection: self, position: position ?? hub.ring.end)
    self.listener = listener
    hub.join(listener, start)
  }

  /// Closes with 1013, "try again later" (IANA's registry of close codes), because the source may still have
  /// the events that a reset would lose.
  private func cannotCatchUp(_ status: Status) {
    let message = "the source cannot be reached: \(status.message)"
    if let session { act([session.error(.internalError, message)]) }
    close(code: 1013, reason: message)
  }

  override func continuesElsewhere() -> Bool {
    guard let (source, next) = replayed, let old = listener,
      let listener = next.replacement(for: old, of: source, on: loopContext)
    else { return false }
    replayed = nil
    self.listener = listener
    next.stream.hubs[loopContext.index].join(listener, .here)
    return true
  }

  override func received(_ bytes: ByteBuffer?) {
    // A pipelined request instead of a frame.
    guard let bytes else { return channel.close(promise: nil) }
    guard !isClosing else { return }
    unread.append(bytes)
    heartbeat.heard(at: loopContext.tick)
    // A write while a message is handled may cause a read before the decoder has returned.
    guard !isDecoding else { return }
    isDecoding = true
    defer { isDecoding = false }
    while !unread.isEmpty {
      let buffer = unread.removeFirst()
      if !isClosing { decode(buffer) }
    }
    reading.adjust()
  }

  private func decode(_ buffer: ByteBuffer) {
    do throws(WebSocketDecoder.ProtocolError) {
      try decoder.feed(buffer.readableBytesView) { event in
        if reading.charge(), let session {
          act([session.error(.rateLimited, "too many messages; reading pauses")])
        }
        handle(event)
      }
    } catch {
      close(code: error.code, reason: error.reason)
    }
  }

  private func handle(_ event: WebSocketDecoder.Event) {
    // Reading is off, so this holds no more than had been read when the token arrived.
    guard heldEvents == nil else {
      heldEvents?.append(event)
      return
    }
    guard !isClosing else { return }
    switch event {
    case .ping(let payload): send(WebSocketFrame.message(.pong, payload))
    case .pong: break
    case .close(let code, _): close(code: code == 1005 ? 1000 : code, reason: "")
    case .text(let text):
      loopContext.counters.messagesReceived.increment()
      if mode == .echo { send(WebSocketFrame.message(.text, text, with: echoDeflater)) }
      if session != nil { act(session?.receive(text, now: .now, standing: standing) ?? []) }
    case .binary(let bytes):
      loopContext.counters.messagesReceived.increment()
      if mode == .echo { send(WebSocketFrame.message(.binary, bytes, with: echoDeflater)) }
      if let session { act(session.receivedBinary()) }
    }
  }

  /// The id that the client may resume after. It is sent with each subscription and ping, so that a client
  /// without an event has one.
  private var standing: EventID? {
    if let listener { return listener.standing }
    let hub = stream.hubs[loopContext.index]
    return start == .now ? hub.id(before: hub.ring.end) : nil
  }

  private func act(_ actions: [SocketSession.Action]) {
    for action in actions {
      switch action {
      case .send(let text): send(WebSocketFrame.message(.text, Array(text.utf8)))
      case .deliver(let subscriptions): deliver(subscriptions)
      case .resume(let id): resume(id)
      case .check(let token): check(token)
      case .close(let code, let reason): close(code: code, reason: reason)
      }
    }
  }

  private func check(_ token: String) {
    guard let authenticator else { return act(session?.refused() ?? []) }
    heldEvents = []
    reading.isValidating = true
    authenticator.verdict(of: token, from: channel.remoteAddress?.ipAddress, on: channel.eventLoop)
      .assumeIsolated().whenSuccess { verdict in
        let held = self.heldEvents ?? []
        self.heldEvents = nil
        guard self.channel.isActive else { return }
        self.reading.isValidating = false
        self.take(verdict)
        for event in held { self.handle(event) }
      }
  }

  private func take(_ verdict: Verdict) {
    guard !isClosing else { return }
    switch verdict {
    case .identity(let identity):
      // A token of another identity does not take over the subscriptions.
      guard self.identity.map({ $0.name == identity.name }) ?? true else {
        return act(session?.refused() ?? [])
      }
      self.identity = identity
    case .refused: return act(session?.refused() ?? [])
    case .unavailable, .limited: return act(session?.unverifiable() ?? [])
    }
    tokenDue = nil
    act(session?.authenticated() ?? [])
    guard listener == nil, let subscriptions = session?.subscriptions, !subscriptions.isEmpty else { return }
    let position = pausedPosition
    pausedPosition = nil
    listen(
      SubscriptionMatcher(
        subscriptions, filter: filter, passesMissing: loopContext.limits.passesMissing),
      position == nil ? start : .here, at: position)
  }

  /// Pauses delivery; a new token within the renewal time continues where it stopped.
  override func tokenExpired() {
    guard session != nil else { return super.tokenExpired() }
    tokenDue = loopContext.tick &+ WebSocketConnection.renewalSeconds
    pausedPosition = listener?.position
    listenCount += 1
    removeListener()
    act(session?.expired() ?? [])
  }

  /// Changes the subscriptions and keeps the position in the stream.
  private func deliver(_ subscriptions: SubscriptionSet) {
    let position = listener?.position
    removeListener()
    count(subscriptions.count)
    guard !subscriptions.isEmpty else { return }
    let start = position == nil ? start : .here
    listen(
      SubscriptionMatcher(
        subscriptions, filter: filter, passesMissing: loopContext.limits.passesMissing), start, at: position)
  }

  /// Before the first subscription the position is only stored.
  private func resume(_ id: String) {
    guard let matcher = listener?.lane.matcher else {
      start = .after(id)
      return
    }
    removeListener()
    listen(matcher, .after(id))
  }

  override var report: ClientReport {
    guard let session else { return report("c\(loopContext.index)-\(number)", "websocket") }
    var report = report(session.clientID, "websocket")
    report.subscriptions = session.subscriptions.subscriptions
    return report
  }

  private func removeListener() {
    if let listener { listener.hub?.remove(listener) }
    listener = nil
  }

  private func count(_ subscriptions: Int) {
    loopContext.counters.subscriptions.add(Double(subscriptions - countedSubscriptions))
    countedSubscriptions = subscriptions
  }

  override func removeListeners() {
    super.removeListeners()
    count(0)
    reading.end()
    admission.clientLeft()
  }

  override func resumeListeners() {
    reading.adjust()
    super.resumeListeners()
  }

  override func tick(heartbeatEvery _: UInt32, stallLimit: UInt32) {
    let now = loopContext.tick
    if let due = tokenDue, due <= now, !isClosing {
      tokenDue = nil
      if let session { act([session.error(.authFailed, "no token came in time")]) }
      close(code: 1008, reason: "authentication failed")
      return
    }
    if !isClosing {
      switch heartbeat.tick(now, isReading: reading.isReading) {
      case .ping: send(WebSocketFrame.message(.ping, []))
      case .giveUp: return goodbye(reason: "heartbeat_timeout", code: 4408)
      case nil: break
      }
    }
    super.tick(heartbeatEvery: .max, stallLimit: stallLimit)
  }

  private func goodbye(reason: String, code: UInt16) {
    var bytes: [UInt8] = []
    if mode != .echo {
      Notice.disconnect(reason: reason, reconnectAfterMilliseconds: loopContext.reconnectDelay())
        .appendFrame(isRaw: mode == .raw, into: &bytes)
    }
    isClosing = true
    end(with: bytes + WebSocketFrame.close(code: code, reason: reason))
  }

  private func close(code: UInt16, reason: String) {
    guard !isClosing else { return }
    isClosing = true
    removeListener()
    end(with: WebSocketFrame.close(code: code, reason: reason))
  }

  override func farewell(reason: String, reconnectAfterMilliseconds delay: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    guard !isClosing else { return bytes }
    isClosing = true
    if let session, reason == "source_failed" {
      bytes = WebSocketFrame.message(
        .text, Array(session.errorText(.internalError, "the source failed").utf8))
    }
    if mode != .echo {
      Notice.disconnect(reason: reason, reconnectAfterMilliseconds: delay)
        .appendFrame(isRaw: mode == .raw, into: &bytes)
    }
    let codes: [String: UInt16] = [
      "auth_revoked": 1008, "ended_by_operator": 1008, "too_slow": 1008, "end_of_stream": 1000,
      "source_failed": 1011,
    ]
    return bytes + WebSocketFrame.close(code: codes[reason] ?? 1001, reason: reason)
  }
}
