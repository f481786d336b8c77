// SPDX-License-Identifier: Apache-2.0
import NIOCore

extension Hub {
  /// Whether there was an event other than STATUS and ERROR, which a failing command prints too.
  var hasEvents: Bool {
    batchesFromNewest.contains { $0.kinds.contains { $0 != .error && $0 != .status } }
      || positions.lowerBound > 0
  }

  /// Whether the source's last line is an ERROR.
  var endsWithError: Bool { batchesFromNewest.first { _ in true }?.kinds.last == .error }
}

/// Waiting, on an event loop, until a command has either started or failed.
extension Upstream {
  /// The longest time that a watch waits for the first event, for the end of ``proof``, or for a failure before its
  /// response begins.
  private static let startLimit = Duration.seconds(10)
  /// A source that does not report its health is considered complete after this much silence.
  private static let silence = Duration.milliseconds(500)
  private static let listLimit = Duration.seconds(10)

  /// For a watch: completes when the command has begun, or with its ending if it fails at its start.
  func hasBegun(on hub: Hub) -> EventLoopFuture<UpstreamEnding?> {
    wait(on: hub) { elapsed, _ in hub.hasEvents || self.hasProvenItself || elapsed > Upstream.startLimit }
  }

  /// For a list: completes when the command has listed what there is, or with its ending.
  func hasListed(on hub: Hub) -> EventLoopFuture<UpstreamEnding?> {
    wait(on: hub) { elapsed, silent in
      if self.stream.state.health.hasListed || elapsed > Upstream.listLimit { return true }
      return silent > (hub.positions.upperBound > 0 ? Upstream.silence : Upstream.proof * 2)
    }
  }

  /// Polls `isDone` with the time since the start and the time since the last event.
  private func wait(
    on hub: Hub, _ isDone: @escaping (_ elapsed: Duration, _ silent: Duration) -> Bool
  ) -> EventLoopFuture<UpstreamEnding?> {
    let promise = hub.loop.makePromise(of: UpstreamEnding?.self)
    let start = ContinuousClock.now
    func look(_ end: Int, since: ContinuousClock.Instant) {
      let now = ContinuousClock.now
      let position = hub.positions.upperBound
      let since = position == end ? since : now
      // The loop receives its last events before the ending.
      if let ending = stream.commandEnding, hub.isEnded { return promise.succeed(ending) }
      if isDone(now - start, now - since) { return promise.succeed(nil) }
      hub.loop.assumeIsolated().scheduleTask(in: .milliseconds(20)) { look(position, since: since) }
    }
    look(hub.positions.upperBound, since: start)
    return promise.futureResult
  }
}
