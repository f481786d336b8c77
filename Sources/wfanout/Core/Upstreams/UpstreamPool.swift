// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import Glibc
import NIOCore
import Process
import Synchronization

/// The commands that run for channels: one for all listeners of a channel, started for the first one and
/// stopped when the last one has been away for the grace period. Can be used from any thread.
final class UpstreamPool: Sendable {
  let template: UpstreamTemplate
  private let loops: [DeliveryLoop]
  private let workers: Workers
  private let configuration: Configuration
  private let counters: StreamCounters
  private let diagnostics: Diagnostics
  private let tokens = HandedTokens()
  private let state: Mutex<State>
  private let began = ContinuousClock.now

  /// Whether a command that ends after its output is normal, and not a crash.
  private let commandsEnd: Bool

  private struct State: Sendable {
    /// The upstreams that listeners may share, by ``Sharing/key(_:identity:listener:)``.
    var shared: [String: Upstream] = [:]
    /// All whose command runs, will run, or is being stopped; commands that end also while listeners read their
    /// last lines.
    var all: [ObjectIdentifier: Upstream] = [:]
    var backoffs = Backoffs()
    /// Commands that end at once make room for the next: this bounds how many are started in a time.
    var starts: RateLimiter
    /// The same for each client, so that one cannot use up the starts of all.
    var clientStarts: ClientRates
  }

  /// How long a command is kept for the listener that asked for it, which may wait for its start or its list.
  private static let arrival = Duration.seconds(15)
  /// How long a command that ends may serve its listeners while others wait for its place.
  private static let turn = Duration.seconds(5)
  /// How long a command that ends is kept after its last listener has left.
  private static let endingGrace = Duration.seconds(2)
  /// The part of the ring's memory that a command that ends may use: it waits for its fastest listener.
  private static let endingRingShare = 16

  init(
    template: UpstreamTemplate, loops: [DeliveryLoop], workers: Workers, configuration: Configuration,
    counters: StreamCounters, diagnostics: Diagnostics, commandsEnd: Bool = false
  ) {
    self.template = template
    self.commandsEnd = commandsEnd
    self.loops = loops
    self.workers = workers
    self.configuration = configuration
    self.counters = counters
    self.diagnostics = diagnostics
    let (limit, share) = (Double(configuration.upstreamLimit), Double(configuration.clientUpstreams))
    state = Mutex(
      State(
        // Many clients may have to catch up at the same time, each by a command that ends soon.
        starts: RateLimiter(rate: commandsEnd ? limit / 2 : limit / 4, burst: limit, now: .zero),
        clientStarts: ClientRates(rate: share / 4, burst: share)))
  }

  /// A client's token for its command, which replaces an older one of that identity; nil if the template does not use it.
  func token(of identity: Identity?) -> HandedToken? {
    guard let identity, template.fields.contains(ChannelRequest.tokenField) else { return nil }
    return tokens.token(of: identity)
  }

  /// The stream of a channel; has a command started when none runs that may serve this listener, see
  /// ``Sharing``.
  ///
  /// `listener` identifies the listener if commands are not shared. If the next command must wait
  /// (``Backoffs``) after a final failure, the request is refused with the error of the last command.
  func acquire(
    _ request: ChannelRequest, identity: String, listener: String, isShared: Bool = true,
    isFailureFinal: Bool = false
  ) throws(HTTPError) -> Upstream {
    let arguments = try request.arguments(for: template, identity: identity)
    let key = (isShared ? sharing(of: request) : .none).key(
      purpose(of: request), identity: identity, listener: listener)
    let crashKey = (sharing(of: request) == .channel ? Sharing.channel : .identity).key(
      purpose(of: request), identity: identity, listener: "")
    let result: Result<(Upstream, Int, Duration?), HTTPError> = state.withLock { state in
      if let known = state.shared[key], known.ending == nil {
        // Nobody may be listening yet, and a stop be due: it is put off.
        return .success((known, known.leave(), nil))
      }
      let now = ContinuousClock.now - began
      let wait = state.backoffs.wait(crashKey, now: now)
      if let wait, isFailureFinal { return .failure(refusal(wait.last, after: wait.delay)) }
      guard state.all.count < configuration.upstreamLimit else {
        return .failure(
          busy(
            "\(configuration.upstreamLimit) commands are running, the maximum; see max-upstreams",
            after: configuration.grace))
      }
      let limit = configuration.clientUpstreams
      guard state.all.values.count(where: { $0.account == request.account }) < limit else {
        return .failure(
          busy(
            "this client already runs \(limit) commands; see max-client-upstreams",
            after: configuration.grace))
      }
      if let delay = state.clientStarts.takeIfThere(request.account, now: now) {
        return .failure(
          busy(
            "this client started too many commands in a short time; see max-client-upstreams", after: delay))
      }
      if let delay = state.starts.takeIfThere(now: now) {
        return .failure(
          busy("too many commands were started in a short time; see max-upstreams", after: delay))
      }
      let upstream = makeUpstream(request, arguments, key)
      state.shared[key] = upstream
      state.all[ObjectIdentifier(upstream)] = upstream
      return .success((upstream, upstream.leave(), wait?.delay ?? .zero))
    }
    let (upstream, departure, delay) = try result.get()
    if let delay { start(upstream, key, crashKey, in: delay) }
    // A listener that asked and never came must not keep it running.
    scheduleStop(
      key, upstream, departure, in: (delay ?? .zero) + max(configuration.grace, UpstreamPool.arrival))
    return upstream
  }

  /// A stream that continues after the version of the request: a running one that still has it, else a
  /// command that begins there.
  func acquire(
    _ request: ChannelRequest, identity: String, listener: String, isFailureFinal: Bool = false,
    on loop: LoopContext
  ) throws(HTTPError) -> Upstream {
    let present = request.fromPresent
    guard request != present, let version = request.values[ChannelRequest.resumeField],
      request.version(in: template) != nil
    else {
      return try acquire(
        present, identity: identity, listener: listener, isFailureFinal: isFailureFinal)
    }
    let key = sharing(of: present).key(purpose(of: present), identity: identity, listener: listener)
    if let running = state.withLock({ $0.shared[key] }), running.ending == nil {
      guard case .reset = running.stream.hubs[loop.index].place(ofVersion: version) else {
        return try acquire(present, identity: identity, listener: listener, isFailureFinal: isFailureFinal)
      }
    }
    let resumed = try acquire(
      request, identity: identity, listener: listener, isFailureFinal: isFailureFinal)
    // A command that has run for long has lost its first events.
    guard resumed.stream.hubs[loop.index].positions.lowerBound > 0 else { return resumed }
    return try acquire(
      request, identity: identity, listener: loop.listenerName(), isShared: false,
      isFailureFinal: isFailureFinal)
  }

  /// Whether another command may start now.
  var hasRoom: Bool {
    state.withLock { state in
      state.all.count < configuration.upstreamLimit && state.starts.hasToken(now: ContinuousClock.now - began)
    }
  }

  /// Takes the place of a command that has had its turn, because others wait: its listeners are disconnected, and
  /// resume when it is their turn again. It is the oldest of the network that has the most commands.
  func makeRoom() {
    let longest: Upstream? = state.withLock { state in
      guard state.all.count >= configuration.upstreamLimit else { return nil }
      let networks = Dictionary(grouping: state.all.values) { ClientNetwork.name(of: $0.account) }
      let most = networks.values.map(\.count).max() ?? 0
      let longest = networks.values.filter { $0.count == most }.joined().filter { !$0.isStopped }
        .max { $0.age < $1.age }
      guard let longest, longest.age > UpstreamPool.turn else { return nil }
      state.shared = state.shared.filter { $0.value !== longest }
      return longest
    }
    longest?.stream.disconnectListeners()
    longest?.stop()
  }

  /// A running command that has printed the event after this id, and the position of that event in its stream.
  func running(after id: EventID, on loop: LoopContext) -> (upstream: Upstream, position: Int)? {
    let found: (key: String, upstream: Upstream, position: Int, departure: Int)? = state.withLock { state in
      for (key, upstream) in state.shared where upstream.ending == nil && !upstream.isStopped {
        guard case .position(let position) = upstream.stream.hubs[loop.index].place(of: id) else { continue }
        return (key, upstream, position, upstream.leave())
      }
      return nil
    }
    guard let found else { return nil }
    scheduleStop(
      found.key, found.upstream, found.departure, in: max(configuration.grace, UpstreamPool.arrival))
    return (found.upstream, found.position)
  }

  private func sharing(of request: ChannelRequest) -> Sharing {
    request.isUserScoped && configuration.sharing == .channel ? .identity : configuration.sharing
  }

  /// The channel, and where its lines begin. The parts are separated by a byte that none of them can have.
  private func purpose(of request: ChannelRequest) -> String {
    request.channel + (request.version(in: template).map { "\u{0}after \($0)" } ?? "")
  }

  /// The number of commands that run, will run, or are being stopped.
  var count: Int { state.withLock { $0.all.values.count { $0.ending == nil } } }

  /// The commands that run, in the order of their channels.
  var running: [Upstream] {
    state.withLock { Array($0.shared.values) }
      .sorted { ($0.channel, $0.processIdentifier ?? 0) < ($1.channel, $1.processIdentifier ?? 0) }
  }

  /// The number of listeners by channel, for all identities: each identity has its own command for a channel.
  var subscriptions: [(channel: String, listeners: Int)] {
    let running = running.map { ($0.channel, $0.stream.state.listenerCount) }
    return Dictionary(running, uniquingKeysWith: +).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Asks all commands to end.
  func stopAll() {
    for upstream in state.withLock({ Array($0.all.values) }) { upstream.stop() }
  }

  /// Waits until all commands have ended, as they do within ``Upstream/stopGrace``: none outlives the server.
  func waitForEnd() {
    let deadline = ContinuousClock.now + Upstream.stopGrace + .seconds(1)
    while count > 0, ContinuousClock.now < deadline { usleep(10_000) }
  }

  private func makeUpstream(_ request: ChannelRequest, _ arguments: [String], _ key: String) -> Upstream {
    let epoch = UInt64(max(1, Timestamp.now.nanoseconds))
    let resumesAfter = request.version(in: template)
    let state = StreamState(
      epoch: epoch, counters: counters,
      objects: SnapshotStore(
        epoch: epoch, keyLimit: configuration.keyLimit, isFromStart: resumesAfter == nil),
      workers: workers
    ) { [weak self] in self?.becameIdle(key) }
    let ring = configuration.ringLimit
    let rule = OverflowRule(policy: .reset, queueLimit: configuration.rule.queueLimit)
    let stream = EventStream(
      name: request.channel, loops: loops, state: state,
      ringLimit: commandsEnd ? ring / UpstreamPool.endingRingShare : ring,
      rule: commandsEnd ? .catchUp : rule, isPacedByFastest: commandsEnd)
    return Upstream(
      channel: request.channel, account: request.account, resumesAfter: resumesAfter, stream: stream,
      arguments: arguments, token: request.token)
  }

  private func start(_ upstream: Upstream, _ key: String, _ crashKey: String, in delay: Duration) {
    let run: @Sendable () -> Void = {
      let hasThread = startThread {
        let ending = upstream.run(showsErrors: !self.configuration.hidesErrors, diagnostics: self.diagnostics)
        self.ended(upstream, ending, key, crashKey)
      }
      if !hasThread {
        self.ended(
          upstream, UpstreamEnding(status: 69, message: "could not create a thread for the command"), key,
          crashKey)
      }
    }
    if delay > .zero { loops[0].loop.scheduleTask(in: TimeAmount(delay), run) } else { run() }
  }

  private func ended(_ upstream: Upstream, _ ending: UpstreamEnding, _ key: String, _ crashKey: String) {
    state.withLock { state in
      if state.shared[key] === upstream { state.shared[key] = nil }
      if !commandsEnd || upstream.stream.state.listenerCount == 0 {
        state.all[ObjectIdentifier(upstream)] = nil
      }
      if !upstream.isStopped, ending.status != 0 || !commandsEnd {
        state.backoffs.ended(crashKey, ending, after: upstream.age, now: ContinuousClock.now - began)
      }
    }
    upstream.stream.fail(ending)
  }

  private func becameIdle(_ key: String) {
    let upstream = state.withLock { state in
      if commandsEnd {
        state.all = state.all.filter { $0.value.ending == nil || $0.value.stream.state.listenerCount > 0 }
      }
      return state.shared[key]
    }
    guard let upstream else { return }
    scheduleStop(
      key, upstream, upstream.leave(), in: commandsEnd ? UpstreamPool.endingGrace : configuration.grace)
  }

  /// Stops the command, unless a listener has arrived in the meantime, even if it has left again.
  private func scheduleStop(_ key: String, _ upstream: Upstream, _ departure: Int, in delay: Duration) {
    loops[0].loop.scheduleTask(in: TimeAmount(delay)) { [weak self] in
      let isIdle: Bool? = self?.state.withLock { state in
        guard state.shared[key] === upstream, upstream.departure == departure,
          upstream.stream.state.listenerCount == 0
        else { return false }
        state.shared[key] = nil
        return true
      }
      if isIdle == true { upstream.stop() }
    }
  }

  private func busy(_ message: String, after delay: Duration) -> HTTPError {
    HTTPError.unavailable(message, retryAfter: max(1, Int(delay.components.seconds) + 1))
  }

  private func refusal(_ ending: UpstreamEnding, after delay: Duration) -> HTTPError {
    let status =
      ending.failure
      ?? Status(
        code: 503, reason: "ServiceUnavailable",
        message: "the command keeps exiting at once: \(ending.message)")
    return HTTPError(status: status, headers: [("Retry-After", "\(delay.components.seconds + 1)")])
  }
}
