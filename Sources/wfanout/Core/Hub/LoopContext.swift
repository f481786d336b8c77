// SPDX-License-Identifier: Apache-2.0
import Metrics
import NIOCore
import Synchronization

/// What the connections of one event loop share: a clock of one tick a second, and the list of them all.
final class LoopContext: @unchecked Sendable {  // confined to `loop`
  let loop: any EventLoop
  /// Which of the loops this is; a stream has its hubs in the same order.
  let index: Int
  let counters: ServerCounters
  /// Nil where tokens are not asked for.
  let authenticator: Authenticator?
  private let clientCounts: ClientCounts?
  private(set) var tick: UInt32 = 0
  private var connections: [Connection] = []
  private var waiting: [ObjectIdentifier: (request: any AwaitingRequest, until: UInt32)] = [:]
  private var idle: IdleConnections
  /// The `Date` of responses (RFC 9110 section 6.6.1), renewed each second.
  private(set) var date = HTTPDate.now
  let limits: ConnectionLimits
  /// For the messages of all its WebSockets, each of which is compressed for itself.
  private(set) lazy var inflater = Inflater()
  private var random = SystemRandomNumberGenerator()

  init(
    loop: any EventLoop, index: Int, limits: ConnectionLimits, counters: ServerCounters,
    authenticator: Authenticator? = nil, clientCounts: ClientCounts? = nil
  ) {
    self.clientCounts = clientCounts
    self.authenticator = authenticator
    self.loop = loop
    self.index = index
    self.limits = limits
    idle = IdleConnections(limit: limits.idleConnections)
    self.counters = counters
  }

  func start() {
    loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { [weak self] _ in self?.onTick()
    }
  }

  private let started = ContinuousClock.now

  /// Time since this loop began.
  var now: Duration { ContinuousClock.now - started }

  private var numbers: UInt32 = 0

  func nextNumber() -> UInt32 {
    numbers &+= 1
    return numbers
  }

  /// A name for a listener that gave none.
  func listenerName() -> String { "\(index)-\(nextNumber())" }

  func forEachConnection(_ body: (Connection) -> Void) { connections.forEach(body) }

  /// Spread so that the listeners of a server that restarts do not all come back at once.
  func reconnectDelay() -> Int {
    let base = limits.reconnectMilliseconds
    return base / 2 + Int.random(in: 0...max(1, base), using: &random)
  }

  func add(_ connection: Connection) {
    connection.registryIndex = connections.count
    connections.append(connection)
    clientCounts?.joined(connection.account)
    let counted = connection.format.isWebSocket ? counters.webSocket : counters.http
    counted.opened.increment()
    counted.active.add(1)
  }

  func remove(_ connection: Connection) {
    guard connection.registryIndex >= 0 else { return }
    clientCounts?.left(connection.account)
    (connection.format.isWebSocket ? counters.webSocket : counters.http).active.add(-1)
    let last = connections.removeLast()
    if last !== connection {
      connections[connection.registryIndex] = last
      last.registryIndex = connection.registryIndex
    }
    connection.registryIndex = -1
  }

  /// A connection that owes a request is given so many seconds for it, `limits.requestSeconds` as a rule.
  func await(_ request: any AwaitingRequest, seconds: UInt32? = nil) {
    waiting[ObjectIdentifier(request)] = (request, tick &+ (seconds ?? limits.requestSeconds))
  }

  /// Counts a connection as one that has not asked for anything, and closes the oldest such connection of its
  /// address when there are too many.
  func becameIdle(_ connection: any AwaitingRequest, address: String?) {
    let oldest = idle.add(connection, address: address ?? "")
    oldest?.close()
  }

  func isIdleNoMore(_ connection: any AwaitingRequest, address: String?) {
    idle.remove(connection, address: address ?? "")
  }

  func stopAwaiting(_ request: any AwaitingRequest) { waiting[ObjectIdentifier(request)] = nil }

  private func onTick() {
    tick &+= 1
    var index = connections.count - 1
    while index >= 0 {
      if index < connections.count {
        connections[index].tick(heartbeatEvery: limits.heartbeatSeconds, stallLimit: limits.stallSeconds)
      }
      index -= 1
    }
    date = HTTPDate.now
    for (request, until) in waiting.values where Int32(bitPattern: tick &- until) >= 0 {
      request.waitedTooLong()
    }
  }
}

/// A connection on which a request is due.
protocol AwaitingRequest: AnyObject {
  func waitedTooLong()
  /// Whether it has asked, and the answer is on its way.
  var isBeingAnswered: Bool { get }
  func close()
}

package struct ConnectionLimits: Sendable {
  var heartbeatSeconds: UInt32 = 5
  var stallSeconds: UInt32 = 30
  var requestSeconds: UInt32 = 15
  /// How long a connection may be without a request after an answer. Above the 60 s of nginx's pool of
  /// connections.
  var keepAliveSeconds: UInt32 = 75
  /// Connections of one address and event loop that have not asked for anything.
  var idleConnections = 381
  /// How long an event stream may be without a channel.
  var idleSeconds: UInt32 = 120
  var reconnectMilliseconds = 5000
  /// Silence after which a WebSocket is pinged, and how long it has to answer.
  var pingSeconds: UInt32 = 30
  var pongSeconds: UInt32 = 10
  /// Messages of one WebSocket client; nil is no limit.
  var messagesPerSecond: Double?
  /// Whether an event that lacks what a subscription's filter asks for passes it.
  var passesMissing = true
  /// What a WebSocket client's message may have.
  var messageBytes = 65_536
}
