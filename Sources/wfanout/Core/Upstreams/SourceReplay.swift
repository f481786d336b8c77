// SPDX-License-Identifier: Apache-2.0
import Events
import NIOCore

/// `catch-up`: a command that prints the source's events after a version, then exits. A client that resumes
/// before the ring gets its lines first, then continues on the live stream.
struct SourceReplay: Sendable {
  let pool: UpstreamPool

  /// Where a listener of a command's lines continues when the command has ended.
  struct Continuation: Sendable {
    var stream: EventStream
    /// The first event that was published after the command was requested.
    var position: Int
    /// The last event that the client received, if its id says so.
    var after: EventID?
  }

  /// Starts a listener after a version that is no longer in its stream's ring.
  ///
  /// - Returns: The response, or `fallback` if the source does not have the version either.
  func reply(
    _ plan: ListenPlan, after version: String, account: String, listener: String, on loop: LoopContext,
    fallback: @escaping @Sendable (Status) -> Reply
  ) throws(HTTPError) -> Reply {
    var request = try ChannelRequest(["resourceType": "catch-up", ChannelRequest.resumeField: version])
    request.account = account
    let hub = plan.stream.hubs[loop.index]
    let continuation = Continuation(
      stream: plan.stream, position: hub.positions.upperBound, after: id(version, hub))
    let upstream: Upstream
    do throws(HTTPError) {
      upstream = try pool.acquire(request, identity: "", listener: listener, isFailureFinal: true, on: loop)
    } catch {
      guard error.status.code == 410 else { throw error }
      return fallback(error.status)
    }
    let source = upstream.stream.hubs[loop.index]
    return .later(
      upstream.hasBegun(on: source).assumeIsolated().map { ending in
        let isEmpty = !source.hasEvents
        if isEmpty, let failure = ending?.failure {
          return failure.code == 410 ? fallback(failure) : .answer(HTTPError(status: failure).answer)
        }
        // A sequence of a stream that has since been re-created is meaningless.
        if !isEmpty, let id = EventID(version), source.newestID.epoch != id.epoch {
          return fallback(.expired("resource version \(version) is of another stream"))
        }
        var plan = plan
        plan.stream = upstream.stream
        plan.start = .at(.position(0))
        plan.continuation = continuation
        return .listen(plan)
      }.nonisolated())
  }

  /// A sequence without an epoch belongs to the stream of the newest event.
  private func id(_ version: String, _ hub: Hub) -> EventID? {
    if let id = EventID(version) { return id }
    guard let sequence = UInt64(version), hub.positions.upperBound > 0 else { return nil }
    return EventID(epoch: hub.newestID.epoch, sequence: sequence)
  }
}
