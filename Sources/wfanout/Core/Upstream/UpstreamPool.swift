// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import NIOCore
import Process
import Synchronization

/// The commands that run for channels: one for all who want the same, started for the first and stopped when the last has been
/// away for the grace period. Any thread.
final class UpstreamPool: Sendable {
  private let template: UpstreamTemplate
  private let loops: [any EventLoop]
  private let configuration: Configuration
  private let counters: StreamCounters
  private let diagnostics: Diagnostics
  private let upstreams = Mutex<[String: Upstream]>([:])

  init(
    template: UpstreamTemplate, loops: [any EventLoop], configuration: Configuration,
    counters: StreamCounters,
    diagnostics: Diagnostics
  ) {
    self.template = template
    self.loops = loops
    self.configuration = configuration
    self.counters = counters
    self.diagnostics = diagnostics
  }

  /// The stream of a channel; starts its command when none runs that may serve this listener, see ``Sharing``.
  ///
  /// `listener` tells one who listens from any other.
  func acquire(
    _ request: ChannelRequest, identity: String, listener: String
  ) throws(Refusal) -> Upstream {
    let values = template.usesIdentity ? try request.values(of: identity) : request.values
    let arguments: [String]
    do throws(UpstreamTemplate.Missing) {
      arguments = try template.arguments(values)
    } catch {
      throw .badRequest("\(error.field) is missing")
    }
    let key = configuration.sharing.key(request.channel, identity: identity, listener: listener)
    let (upstream, departure): (Upstream, Int)
    do {
      (upstream, departure) = try upstreams.withLock { upstreams in
        let known = upstreams[key].flatMap { $0.ending == nil ? $0 : nil }
        let upstream = try known ?? start(arguments, request.channel, key)
        upstreams[key] = upstream
        // Nobody may be listening yet, and a stop be due: it is put off.
        return (upstream, upstream.leave())
      }
    } catch {
      throw Refusal(status: Status(code: 502, reason: "BadGateway", message: "upstream: \(error)"))
    }
    // One who asked and never came must not keep it running.
    scheduleStop(key, upstream, departure)
    return upstream
  }

  var count: Int { upstreams.withLock { $0.count } }

  /// The commands that run, in the order of their channels.
  var running: [Upstream] {
    upstreams.withLock { Array($0.values) }
      .sorted { ($0.channel, $0.processIdentifier) < ($1.channel, $1.processIdentifier) }
  }

  /// Listeners by channel, whoever they are: identities have commands of their own for one channel.
  var subscriptions: [(channel: String, listeners: Int)] {
    let running = running.map { ($0.channel, $0.stream.state.listenerCount) }
    return Dictionary(running, uniquingKeysWith: +).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  func stopAll() {
    for upstream in upstreams.withLock({ Array($0.values) }) { upstream.stop() }
  }

  private func start(_ arguments: [String], _ channel: String, _ key: String) throws -> Upstream {
    let child = try ChildProcess(arguments)
    let epoch = UInt64(max(1, Timestamp.now.nanoseconds))
    let state = StreamState(
      epoch: epoch, counters: counters,
      objects: SnapshotStore(epoch: epoch, keyLimit: configuration.keyLimit, isFromStart: true)
    ) { [weak self] in self?.becameIdle(key) }
    let stream = EventStream(
      name: channel, loops: loops, state: state, ringLimit: configuration.ringLimit,
      rule: OverflowRule(policy: .reset, queueLimit: configuration.rule.queueLimit))
    let upstream = Upstream(channel: channel, stream: stream, child: child)
    diagnostics.debug("channel \(channel): started process \(child.processIdentifier)")
    upstream.start(diagnostics: diagnostics) { [weak self] ending in
      self?.diagnostics.debug("channel \(channel): \(ending.message)")
      self?.forget(key, upstream)
      upstream.stream.fail(ending)
    }
    return upstream
  }

  private func forget(_ key: String, _ upstream: Upstream) {
    upstreams.withLock { upstreams in
      if upstreams[key] === upstream { upstreams[key] = nil }
    }
  }

  private func becameIdle(_ key: String) {
    guard let upstream = upstreams.withLock({ $0[key] }) else { return }
    scheduleStop(key, upstream, upstream.leave())
  }

  /// Stops it unless somebody came, or came and left again, in the meantime.
  private func scheduleStop(_ key: String, _ upstream: Upstream, _ departure: Int) {
    loops[0].scheduleTask(in: TimeAmount(configuration.grace)) { [weak self] in
      let isIdle: Bool? = self?.upstreams.withLock { upstreams in
        guard upstreams[key] === upstream, upstream.departure == departure,
          upstream.stream.state.listenerCount == 0
        else { return false }
        upstreams[key] = nil
        return true
      }
      if isIdle == true { upstream.stop() }
    }
  }
}
