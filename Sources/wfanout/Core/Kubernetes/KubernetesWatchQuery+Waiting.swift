// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// A list, or a watch that begins with one, of a version that another replica already has.
extension KubernetesWatchQuery {
  /// How long the API server waits for such a version (`blockTimeout` of its watch cache).
  private static let limit = Duration.seconds(3)

  private func isNewer(than stream: EventStream) -> Bool {
    guard beginsWithList, !resourceVersion.isEmpty, let objects = stream.state.snapshots else { return false }
    return objects.version.current(before: resourceVersion, ownEpoch: stream.state.epoch) != nil
  }

  /// Responds when the stream has reached the version, or when it has not in time. The checks become rarer, so that
  /// many requests for a version that never comes cost little.
  func whenReached(
    by stream: EventStream, on loop: any EventLoop,
    _ respond: @escaping () throws(HTTPError) -> RouteResult
  ) throws(HTTPError) -> RouteResult {
    guard isNewer(than: stream) else { return try respond() }
    let promise = loop.makePromise(of: RouteResult.self)
    let start = ContinuousClock.now
    func look(after delay: TimeAmount) {
      let task = loop.assumeIsolated().scheduleTask(in: delay) {
        if isNewer(than: stream), ContinuousClock.now - start < KubernetesWatchQuery.limit {
          return look(after: delay * 2)
        }
        do throws(HTTPError) {
          promise.succeed(try respond())
        } catch {
          promise.succeed(.response(error.response))
        }
      }
      task.futureResult.assumeIsolated().whenFailure { promise.fail($0) }
    }
    look(after: .milliseconds(25))
    return .later(promise.futureResult)
  }
}
