// SPDX-License-Identifier: Apache-2.0
import Events
import NIOCore

/// A response that is a stream of events: SSE, NDJSON, a Kubernetes watch. One listener; bytes from the
/// client are ignored.
final class ListenConnection: Connection {
  let client: Client
  private var listener: Listener?
  private var stream: EventStream?
  private var continuation: SourceReplay.Continuation?

  /// Ticks until the next bookmark of a Kubernetes client, and until its time limit.
  private var ticksToBookmark: UInt32?
  private var ticksToEnd: UInt32?

  /// About once a minute, as the API server does.
  private static let bookmarkSeconds: UInt32 = 60

  init(_ client: Client) { self.client = client }

  func begin(_ plan: ListenPlan) {
    stream = plan.stream
    continuation = plan.continuation
    if plan.sendsBookmarks { ticksToBookmark = ListenConnection.bookmarkSeconds }
    ticksToEnd = plan.timeoutSeconds.map { UInt32(clamping: $0) }
    let hub = plan.stream.hubs[loopContext.index]
    let lane = plan.stream.state.lane(client.format, plan.matcher)
    let listener = Listener(lane: lane, connection: self, position: hub.ring.end)
    self.listener = listener
    // Until the source's command has printed a line, the client's position does not change.
    listener.received = plan.continuation?.after.map(ReceivedEvents.init)
    if client.format.shape == .eventStream {
      // A client that is disconnected before its first event resumes here.
      let id = plan.start == .now ? hub.id(before: hub.ring.end) : nil
      client.send(.start(id, retryMilliseconds: loopContext.reconnectDelay() / 2), client.format)
    }
    hub.join(listener, plan.start)
  }

  func forEachListener(_ body: (Listener) -> Void) { if let listener { body(listener) } }

  func tick() {
    if let left = ticksToEnd {
      ticksToEnd = left > 0 ? left - 1 : 0
      if left <= 1 { return client.end(with: client.format.ending) }
    }
    guard let left = ticksToBookmark else { return }
    ticksToBookmark = left > 1 ? left - 1 : ListenConnection.bookmarkSeconds
    if left <= 1 { sendBookmark() }
  }

  /// A bookmark is sent only to a client that has received everything up to that position and nothing after
  /// it.
  private func sendBookmark() {
    guard let listener, let hub = listener.hub, client.takesMore, listener.position == hub.ring.end,
      listener.received == nil, continuation == nil
    else { return }
    let matcher = listener.lane.matcher as? KubernetesMatcher
    let version = matcher?.path.apiVersion ?? "v1"
    client.wrapAndSend(
      Array(
        (#"{"type":"BOOKMARK","object":{"kind":"Bookmark","apiVersion":"\#(version)","metadata":{"#
          + #""resourceVersion":"\#(hub.newestID)"}}}"# + "\n").utf8))
  }

  func continuesElsewhere() -> Bool {
    guard let next = continuation, let old = listener, let source = stream,
      let listener = next.replacement(for: old, of: source, on: loopContext)
    else { return false }
    continuation = nil
    stream = next.stream
    self.listener = listener
    next.stream.hubs[loopContext.index].join(listener, .here)
    return true
  }

  /// A Kubernetes client treats the end of a response as a time-out and watches again, so a failure is sent
  /// as an ERROR line.
  func farewell(reason: DisconnectReason, reconnectAfterMilliseconds delay: Int) -> [UInt8] {
    let format = client.format
    guard format.shape == .kubernetes, let stream, let failure = stream.commandEnding?.failure else {
      return format.encode(.disconnect(reason: reason, reconnectAfterMilliseconds: delay))
    }
    var bytes: [UInt8] = []
    if !stream.hubs[loopContext.index].endsWithError { format.wrap(failure.errorLine, into: &bytes) }
    return bytes
  }

  func release() {
    removeListeners()
    listener = nil
  }
}
