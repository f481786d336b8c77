// SPDX-License-Identifier: Apache-2.0
import Encoding
import Lines
import NIOCore
import NIOPosix
import Process
import Synchronization

/// `--auth-url`: asks a server for the owner of a token, once for all clients with the same token, and caches
/// the answer.
///
/// No new client is accepted while the server cannot be reached. The number of bad tokens that one address may
/// have validated is limited. When tokens have to wait, the newest goes first, so that a flood of made-up
/// tokens does not delay a valid one. Any event loop; the requests are made on separate threads.
final class TokenValidator: Sendable {
  /// The validator's configuration cannot work.
  struct ConfigurationError: ToolError {
    var description: String
    var status: ExitStatus { .badConfig }
  }

  private struct Waiter: Sendable {
    let token: String
    let promise: EventLoopPromise<Verdict>
  }

  private struct Address: Sendable {
    var budget: QuestionBudget
    /// In the order of arrival.
    var waiting: [Waiter] = []
  }

  private struct State: Sendable {
    var cache: TokenCache
    /// The pending result of each token that is being validated or is queued.
    var asked: [String: EventLoopFuture<Verdict>] = [:]
    var addresses: [String: Address] = [:]
    var warnings = RateLimiter(rate: 1 / 30, burst: 5, now: .zero)
    var unsaidWarnings = 0
  }

  private let client: ValidatorClient
  private let url: ValidatorURL
  let cacheSeconds: UInt32
  private let timeout: TimeAmount
  private let rate: Double
  private let burst: Double
  private let diagnostics: Diagnostics
  private let state: Mutex<State>
  private let threads = NIOThreadPool(numberOfThreads: 16)
  private let started = ContinuousClock.now

  private static let cacheLimit = 10_000
  private static let addressLimit = 10_000
  private static let waiterLimit = 64
  /// The longest delay for which a token is queued while no request is in flight.
  private static let patience = Duration.milliseconds(250)

  /// `authority` is the file of the certificate authorities that the server is verified with; nil uses the
  /// system's. `requestRate` is the limit of requests a second from one client, if there is one.
  init(
    url: ValidatorURL, authority: String?, timeout: Duration, cacheSeconds: UInt32, requestRate: Double?,
    diagnostics: Diagnostics
  ) throws(ConfigurationError) {
    if let authority {
      if FileStamp(authority)?.isRegular == false {
        throw ConfigurationError(
          description: "auth-ca '\(authority)': it is not a regular file, but is read for each connection")
      }
      let text: [UInt8]
      do throws(FileError) {
        text = try WholeFile.read(authority)
      } catch {
        throw ConfigurationError(description: "read auth-ca '\(authority)': \(error)")
      }
      guard String(decoding: text, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----") else {
        throw ConfigurationError(description: "auth-ca '\(authority)': it contains no PEM certificate")
      }
    }
    self.url = url
    self.cacheSeconds = cacheSeconds
    client = ValidatorClient(url: url, authority: authority, timeout: timeout)
    self.timeout = TimeAmount(timeout)
    self.diagnostics = diagnostics
    rate = min(requestRate ?? .infinity, 5)
    burst = rate * RequestRates.burstSeconds
    state = Mutex(State(cache: TokenCache(limit: TokenValidator.cacheLimit, seconds: Int64(cacheSeconds))))
    threads.start()
  }

  deinit { threads.shutdownGracefully { _ in } }

  /// Looks up the identity of a token. A bad token counts against the client's address (nil on a Unix
  /// socket).
  func verdict(of token: String, from address: String?, on loop: any EventLoop) -> EventLoopFuture<Verdict> {
    guard Introspection.isToken(token) else { return loop.makeSucceededFuture(.refused) }
    let address = address ?? ""
    let waiter = Waiter(token: token, promise: loop.makePromise(of: Verdict.self))
    let known: EventLoopFuture<Verdict>? = state.withLock { state in
      if let verdict = state.cache.verdict(of: token, now: TokenValidator.now) {
        return loop.makeSucceededFuture(verdict)
      }
      if let asked = state.asked[token] { return asked.hop(to: loop) }
      state.asked[token] = waiter.promise.futureResult
      return nil
    }
    if let known {
      waiter.promise.succeed(.unavailable)  // nobody waits for it
      return known
    }
    admit(waiter, address, on: loop)
    return waiter.promise.futureResult
  }

  private func admit(_ waiter: Waiter, _ address: String, on loop: any EventLoop) {
    enum Decision {
      case ask
      case wait(Duration, evicted: Waiter?)
      case refuse(Duration)
    }
    let decision: Decision = state.withLock { state in
      let now = elapsed
      forgetIdle(&state, now)
      var entry =
        state.addresses[address] ?? Address(budget: QuestionBudget(rate: rate, burst: burst, now: now))
      defer { state.addresses[address] = entry }
      guard let delay = entry.budget.begin(now: now) else { return .ask }
      guard entry.budget.inFlight > 0 || delay <= TokenValidator.patience else { return .refuse(delay) }
      entry.waiting.append(waiter)
      let isFull = entry.waiting.count > TokenValidator.waiterLimit
      return .wait(delay, evicted: isFull ? entry.waiting.removeFirst() : nil)
    }
    switch decision {
    case .ask: ask(waiter, address, on: loop)
    case .refuse(let delay): finish(waiter, .limited(seconds: Int(delay.components.seconds) + 1))
    case .wait(let delay, let evicted):
      if let evicted { finish(evicted, .limited(seconds: Int(delay.components.seconds) + 1)) }
      loop.scheduleTask(in: TimeAmount(delay)) { self.askNext(address, on: loop) }
      loop.scheduleTask(in: timeout) { self.expire(waiter, address) }
    }
  }

  /// Validates the newest queued token, if the address's budget allows it.
  private func askNext(_ address: String, on loop: any EventLoop) {
    let next: Waiter? = state.withLock { state in
      guard var entry = state.addresses[address], !entry.waiting.isEmpty,
        entry.budget.begin(now: elapsed) == nil
      else { return nil }
      defer { state.addresses[address] = entry }
      return entry.waiting.popLast()
    }
    if let next { ask(next, address, on: loop) }
  }

  private func expire(_ waiter: Waiter, _ address: String) {
    let isWaiting: Bool = state.withLock { state in
      guard let index = state.addresses[address]?.waiting.firstIndex(where: { $0.token == waiter.token })
      else { return false }
      state.addresses[address]?.waiting.remove(at: index)
      return true
    }
    if isWaiting { finish(waiter, .limited(seconds: 1)) }
  }

  private func ask(_ waiter: Waiter, _ address: String, on loop: any EventLoop) {
    threads.runIfActive(eventLoop: loop) { self.ask(about: waiter.token) }.whenComplete { result in
      let verdict = (try? result.get()) ?? .unavailable
      self.state.withLock { state in
        state.addresses[address]?.budget.end(isRefused: verdict == .refused, now: self.elapsed)
        state.cache.note(verdict, of: waiter.token, now: TokenValidator.now)
      }
      self.finish(waiter, verdict)
      self.askNext(address, on: loop)
    }
  }

  private func finish(_ waiter: Waiter, _ verdict: Verdict) {
    state.withLock { $0.asked[waiter.token] = nil }
    waiter.promise.succeed(verdict)
  }

  private func ask(about token: String) -> Verdict {
    do throws(ValidatorClient.ValidatorError) {
      let response = try client.ask(about: token)
      let verdict = Introspection.verdict(
        status: response.status, body: response.body, now: TokenValidator.now)
      if verdict == .unavailable {
        warn("status \(response.status) without 'active' and 'sub' or 'username'")
      }
      return verdict
    } catch {
      warn(error.description)
      return .unavailable
    }
  }

  /// Rate-limited: anonymous clients cause these messages and must not flood the log.
  private func warn(_ message: String) {
    let unsaid: Int? = state.withLock { state in
      guard state.warnings.takeIfThere(now: elapsed) == nil else {
        state.unsaidWarnings += 1
        return nil
      }
      defer { state.unsaidWarnings = 0 }
      return state.unsaidWarnings
    }
    guard let unsaid else { return }
    diagnostics.warning(
      "validate a token at \(url): \(message)"
        + (unsaid > 0 ? "; \(unsaid) earlier requests failed, too" : ""))
  }

  private func forgetIdle(_ state: inout State, _ now: Duration) {
    guard state.addresses.count >= TokenValidator.addressLimit else { return }
    state.addresses = state.addresses.filter {
      !$0.value.waiting.isEmpty || !$0.value.budget.isIdle(now: now)
    }
  }

  private var elapsed: Duration { ContinuousClock.now - started }

  private static var now: Int64 { Timestamp.now.seconds }
}
