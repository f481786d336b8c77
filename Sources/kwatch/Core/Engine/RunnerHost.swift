// SPDX-License-Identifier: Apache-2.0
import Events
import Lines
import Process

/// The services of the loop for its runners. All calls are made on its thread.
protocol RunnerHost: AnyObject {
  /// Deadlines or waiting requests may have changed.
  func disturb()
  /// Starts a request. Must not be called from a callback of libcurl, which forbids that.
  func start(_ exchange: Exchange)
  func cancel(_ exchange: Exchange, discarding: Bool)
  /// stdout cannot be written: the loop ends.
  func fail(_ error: OutputError)

  /// Discovery has an outcome for each of its names; `found` is everything that the server lists.
  func resolved(
    _ cluster: ClusterRunner, _ verdicts: [(ResourceName, ClusterRunner.Verdict)], _ found: [APIResource])
  /// Sends a scope's request as soon as the credentials have arrived.
  func send(_ scope: ScopeRunner, _ id: TransferID, _ request: ScopeRequest, fresh: Bool)
  /// A scope's resource was not found: the server may have moved it to another version or group.
  func rediscover(_ scope: ScopeRunner)

  func report(_ scope: ScopeRunner, _ health: ScopeHealth)
  func report(_ usage: UsageRunner, _ health: StreamStatus.Health, _ reason: StreamStatus.Reason)
  /// A runner delivers for the first time.
  func synced()
  /// A runner ends. If the status is not 0, `message` has the reason.
  func finished(_ runner: AnyObject, _ status: ExitStatus, _ message: String)
}
