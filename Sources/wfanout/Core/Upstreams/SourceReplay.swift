// SPDX-License-Identifier: Apache-2.0
import Events
import NIOCore

/// `catch-up`: a command that prints the source's events after a version, then exits. A client that resumes
/// before the ring gets its lines first, then continues on the live stream.
struct SourceReplay: Sendable {
  let pool: UpstreamPool
  private let queue: ReplayQueue

  init(pool: UpstreamPool, loop: any EventLoop) {
    self.pool = pool
    queue = ReplayQueue(pool: pool, loop: loop)
  }

  /// Where a listener of a command's lines continues when the command has ended.
  struct Continuation: Sendable {
    var stream: EventStream
    /// The first event that was published after the command was requested.
    var position: Int
    /// The version that the client resumes after.
    var version: String
    /// The id of the last event that the client received; nil if its version is not an id of events, or is a
    /// sequence while the ring has no event of the source.
    var after: EventID?

    /// A listener of the live stream that replaces one that has received all lines of the command.
    ///
    /// - Returns: Nil if the command failed or did not print all lines, so that the client has to resume again.
    func replacement(for old: Listener, of source: EventStream, on loop: LoopContext) -> Listener? {
      guard source.commandEnding?.failure == nil else { return nil }
      let ended = source.hubs[loop.index]
      let live = stream.hubs[loop.index]
      // The ring may have got its first events, which may be older ones, since the command was requested.
      let last = ended.positions.upperBound > 0 ? ended.newestID : after ?? SourceReplay.id(version, live)
      guard let position = live.position(after: last, notAfter: position) else { return nil }
      old.hub?.remove(old)
      let lane = stream.state.lane(old.lane.format, old.lane.matcher)
      let listener = Listener(lane: lane, connection: old.connection, position: position)
      if let sequence = last?.sequence ?? UInt64(version) {
        // The live stream may begin later than the command has ended.
        listener.received = ReceivedEvents(
          epoch: last?.epoch, sequence: sequence, mustAdjoin: live.positions.upperBound == 0)
      }
      return listener
    }
  }

  enum Outcome: Sendable {
    /// The stream of the command's lines, the listener's first position in it, and where the listener continues
    /// after it.
    case begun(EventStream, at: Int, Continuation)
    /// The source does not have the version either.
    case absent(Status)
    case failed(HTTPError)
  }

  /// Starts a listener after a version that is no longer in its stream's ring.
  ///
  /// - Returns: The response, or `fallback` if the source does not have the version either.
  func reply(
    _ plan: ListenPlan, after version: String, account: String, listener: String, on loop: LoopContext,
    fallback: @escaping @Sendable (Status) -> RouteResult
  ) -> RouteResult {
    .later(
      begin(after: version, of: plan.stream, account: account, listener: listener, on: loop).map { outcome in
        switch outcome {
        case .absent(let status): return fallback(status)
        case .failed(let error): return .response(error.response)
        case .begun(let stream, let position, let continuation):
          var plan = plan
          plan.stream = stream
          plan.start = .at(.position(position))
          plan.continuation = continuation
          return .listen(plan)
        }
      })
  }

  /// Has the command run for the events after a version of a stream, for a listener of this loop, unless one runs
  /// that has printed them.
  func begin(
    after version: String, of live: EventStream, account: String, listener: String, on loop: LoopContext
  ) -> EventLoopFuture<Outcome> {
    let hub = live.hubs[loop.index]
    guard !hub.isUnknownToSource(version) else {
      return loop.loop.makeSucceededFuture(
        .absent(.expired("resource version \(version) is of another stream")))
    }
    if let id = Self.id(version, hub), let found = pool.running(after: id, on: loop) {
      let continuation = Continuation(
        stream: live, position: hub.positions.upperBound, version: version, after: id)
      return loop.loop.makeSucceededFuture(
        .begun(found.upstream.stream, at: found.position, continuation))
    }
    let promise = loop.loop.makePromise(of: Outcome.self)
    let isQueued = queue.add(account, on: loop.loop) {
      promise.completeWith(start(after: version, of: live, account: account, listener: listener, on: loop))
    }
    if !isQueued {
      promise.succeed(
        .failed(
          HTTPError.unavailable("too many requests of this client wait for events from before the ring")))
    }
    return promise.futureResult
  }

  private func start(
    after version: String, of live: EventStream, account: String, listener: String, on loop: LoopContext
  ) -> EventLoopFuture<Outcome> {
    let hub = live.hubs[loop.index]
    let continuation = Continuation(
      stream: live, position: hub.positions.upperBound, version: version, after: Self.id(version, hub))
    let upstream: Upstream
    do throws(HTTPError) {
      var request = try ChannelRequest(["resourceType": "catch-up", ChannelRequest.resumeField: version])
      request.account = account
      upstream = try pool.acquire(request, identity: "", listener: listener, isFailureFinal: true, on: loop)
    } catch {
      let outcome: Outcome = error.status.code == 410 ? .absent(error.status) : .failed(error)
      return loop.loop.makeSucceededFuture(outcome)
    }
    let source = upstream.stream.hubs[loop.index]
    return upstream.hasBegun(on: source).assumeIsolated().map { ending -> Outcome in
      let isEmpty = !source.hasEvents
      if isEmpty, let failure = ending?.failure {
        return failure.code == 410 ? .absent(failure) : .failed(HTTPError(status: failure))
      }
      // A sequence of a stream that has since been re-created is meaningless.
      if !isEmpty, let id = EventID(version), source.newestID.epoch != id.epoch {
        return .absent(.expired("resource version \(version) is of another stream"))
      }
      // The client would wait for events that are already there, and miss them.
      if isEmpty, let id = continuation.after, hub.isFarAhead(id) {
        return .absent(.expired("too large resource version: \(version)"))
      }
      return .begun(upstream.stream, at: 0, continuation)
    }.nonisolated()
  }

  /// A sequence without an epoch belongs to the stream of the newest event. The version of a Kubernetes object is
  /// not one.
  private static func id(_ version: String, _ hub: Hub) -> EventID? {
    if let id = EventID(version) { return id }
    guard let sequence = UInt64(version), hub.hasSourceIDs else { return nil }
    return EventID(epoch: hub.newestID.epoch, sequence: sequence)
  }
}
