// SPDX-License-Identifier: Apache-2.0
import Events
import NIOCore

/// The position of a WebSocket in its stream, across subscriptions, resumes and renewals of its token.
extension WebSocketConnection {
  struct Listening {
    var listener: Listener?
    /// The start position of the first subscription.
    var start = ListenRequest.Start.now
    /// The filters of the handshake's query.
    var filter: (any LineMatcher)?
    /// The stream of a `catch-up` command, and where the client continues after it.
    var replayed: (stream: EventStream, next: SourceReplay.Continuation)?
    /// The number of times that the subscriptions or the position changed: the result of a `catch-up` for an
    /// earlier request is ignored.
    var changes = 0
    /// The position at which the stream continues after the client has sent a new token.
    var pausedPosition: Int?
  }

  func listen(_ matcher: (any LineMatcher)?, _ start: ListenRequest.Start, at position: Int? = nil) {
    guard !client.isGone else { return }
    listening.changes += 1
    guard case .after(let id) = start else { return join(matcher, start, at: position) }
    listening.replayed = nil
    guard let catchUp, EventID(id) != nil,
      case .reset = stream.hubs[loopContext.index].place(ofVersion: id)
    else { return join(matcher, start, at: position) }
    // A subscription that arrives before the source has responded starts there too.
    listening.start = start
    let count = listening.changes
    catchUp.begin(
      after: id, of: stream, account: client.account, listener: loopContext.listenerName(), on: loopContext
    )
    .assumeIsolated().whenSuccess { outcome in
      guard !self.client.isGone, !self.client.isFinishing, self.listening.changes == count else { return }
      switch outcome {
      case .absent: self.join(matcher, start, at: nil)
      case .failed(let error): self.cannotCatchUp(error.status)
      case .begun(let stream, let position, let next):
        self.listening.replayed = (stream, next)
        self.join(matcher, .at(.position(position)), at: nil)
      }
    }
  }

  private func join(_ matcher: (any LineMatcher)?, _ start: ListenRequest.Start, at position: Int?) {
    listening.start = .now
    let stream = listening.replayed?.stream ?? stream
    let hub = stream.hubs[loopContext.index]
    let listener = Listener(
      lane: stream.state.lane(client.format, matcher), connection: self, position: position ?? hub.ring.end)
    listening.listener = listener
    // Until the source's command has printed a line, the client's position does not change.
    if position == nil { listener.received = listening.replayed?.next.after.map(ReceivedEvents.init) }
    hub.join(listener, start)
  }

  /// Closes with 1013, "try again later" (IANA's registry of close codes), because the source may still have
  /// the events that a reset would lose.
  private func cannotCatchUp(_ status: Status) {
    let message = "the source cannot be reached: \(status.message)"
    if let session { act([session.error(.internalError, message)]) }
    close(code: 1013, reason: message)
  }

  func continuesElsewhere() -> Bool {
    guard let (source, next) = listening.replayed, let old = listening.listener,
      let listener = next.replacement(for: old, of: source, on: loopContext)
    else { return false }
    listening.replayed = nil
    listening.listener = listener
    next.stream.hubs[loopContext.index].join(listener, .here)
    return true
  }

  /// The id that the client may resume after. It is sent with each subscription and ping, so that a client
  /// without an event has one.
  var standing: EventID? {
    if let listener = listening.listener { return listener.standing }
    let hub = stream.hubs[loopContext.index]
    return listening.start == .now ? hub.id(before: hub.ring.end) : nil
  }

  /// Pauses delivery; a new token within the renewal time continues where it stopped.
  func tokenExpired() {
    guard session != nil else { return finish(reason: .authExpired) }
    tokenDue = loopContext.tick &+ WebSocketConnection.renewalSeconds
    listening.pausedPosition = listening.listener?.position
    listening.changes += 1
    removeListener()
    act(session?.expired() ?? [])
  }

  /// Changes the subscriptions and keeps the position in the stream.
  func deliver(_ subscriptions: SubscriptionSet) {
    let position = listening.listener?.position
    removeListener()
    count(subscriptions.count)
    guard !subscriptions.isEmpty else { return }
    listen(subscriptions, at: position)
  }

  /// Continues at a position, or begins at the start position.
  private func listen(_ subscriptions: SubscriptionSet, at position: Int?) {
    let matcher = SubscriptionMatcher(
      subscriptions, filter: listening.filter, passesMissing: loopContext.limits.passesMissing)
    listen(matcher, position == nil ? listening.start : .here, at: position)
  }

  /// Continues where delivery was paused.
  func listenAgain() {
    guard listening.listener == nil, let subscriptions = session?.subscriptions, !subscriptions.isEmpty else {
      return
    }
    let position = listening.pausedPosition
    listening.pausedPosition = nil
    listen(subscriptions, at: position)
  }

  /// Before the first subscription the position is only stored.
  func resume(_ id: String) {
    guard let matcher = listening.listener?.lane.matcher else {
      listening.start = .after(id)
      return
    }
    removeListener()
    listen(matcher, .after(id))
  }

  func removeListener() {
    removeListeners()
    listening.listener = nil
  }

  func forEachListener(_ body: (Listener) -> Void) {
    if let listener = listening.listener { body(listener) }
  }
}
