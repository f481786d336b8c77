// SPDX-License-Identifier: Apache-2.0
import Metrics
import NIOCore
import Synchronization

/// The state that the connections of one event loop share: a clock of one tick a second, and the list of
/// connections.
final class LoopContext: @unchecked Sendable {  // confined to `loop`
  let loop: any EventLoop
  /// The index of the loop; the hubs of a stream have the same order.
  let index: Int
  let counters: ServerCounters
  /// Nil if tokens are not required.
  let authenticator: Authenticator?
  let admission: Admission
  private let clientCounts: ClientCounts?
  private(set) var tick: UInt32 = 0
  private var connections: [any Connection] = []
  private var waiting: [ObjectIdentifier: (request: any AwaitingRequest, until: UInt32)] = [:]
  private var idle: IdleConnections
  /// The `Date` of responses (RFC 9110 section 6.6.1), renewed each second.
  private(set) var date = HTTPDate.now
  let limits: ConnectionLimits
  /// Shared by all WebSockets of the loop, since each message is compressed on its own.
  private(set) lazy var inflater = Inflater()
  private var random = SystemRandomNumberGenerator()

  init(
    loop: any EventLoop, index: Int, limits: ConnectionLimits, counters: ServerCounters,
    admission: Admission, authenticator: Authenticator? = nil, clientCounts: ClientCounts? = nil
  ) {
    self.admission = admission
    self.clientCounts = clientCounts
    self.authenticator = authenticator
    self.loop = loop
    self.index = index
    self.limits = limits
    idle = IdleConnections(
      limit: limits.idleConnections, addressLimit: limits.idleConnectionsOfAddress)
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

  /// A name for a listener that did not choose one.
  func listenerName() -> String { "\(index)-\(nextNumber())" }

  func forEachConnection(_ body: (any Connection) -> Void) { connections.forEach(body) }

  /// Random, so that the clients of a restarting server do not all reconnect at once.
  func reconnectDelay() -> Int {
    let base = limits.reconnectMilliseconds
    return base / 2 + Int.random(in: 0...max(1, base), using: &random)
  }

  func add(_ connection: any Connection) {
    let client = connection.client
    client.registryIndex = connections.count
    connections.append(connection)
    admission.clientJoined()
    if let exchange = client.exchange { exchange.clientJoined() } else { admission.socketJoined() }
    clientCounts?.joined(client.account)
    let counted = client.format.isWebSocket ? counters.webSocket : counters.http
    counted.opened.increment()
    counted.active.add(1)
  }

  func remove(_ connection: any Connection) {
    let client = connection.client
    guard client.registryIndex >= 0 else { return }
    admission.clientLeft()
    if let exchange = client.exchange { exchange.clientLeft() } else { admission.socketLeft() }
    clientCounts?.left(client.account)
    (client.format.isWebSocket ? counters.webSocket : counters.http).active.add(-1)
    let last = connections.removeLast()
    if last !== connection {
      connections[client.registryIndex] = last
      last.client.registryIndex = client.registryIndex
    }
    client.registryIndex = -1
  }

  /// Sets the time limit for a connection's next request, by default `limits.requestSeconds`.
  ///
  /// The next tick may come immediately, so the limit is one tick longer. No client gets less time than the
  /// setting.
  func await(_ request: any AwaitingRequest, seconds: UInt32? = nil) {
    waiting[ObjectIdentifier(request)] = (request, tick &+ (seconds ?? limits.requestSeconds) &+ 1)
  }

  /// Counts a connection as idle, and closes the oldest idle connection of its address if there are too many.
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
      if index < connections.count { connections[index].onTick() }
      index -= 1
    }
    date = HTTPDate.now
    for (request, until) in waiting.values where Int32(bitPattern: tick &- until) >= 0 {
      request.waitedTooLong()
    }
  }
}

/// A connection that waits for a request.
protocol AwaitingRequest: AnyObject {
  func waitedTooLong()
  /// Whether a request has arrived and is being answered.
  var isBeingAnswered: Bool { get }
  func close()
}

package struct ConnectionLimits: Sendable {
  var heartbeatSeconds: UInt32 = 5
  var stallSeconds: UInt32 = 30
  var requestSeconds: UInt32 = 15
  /// How long a connection may be idle after a response. Longer than the 60 s of nginx's upstream
  /// connections.
  var keepAliveSeconds: UInt32 = 75
  /// Maximum number of connections without a stream per event loop, and of those from one address.
  var idleConnections = 3048
  var idleConnectionsOfAddress = 381
  /// How long an event stream may have no channel.
  var idleSeconds: UInt32 = 120
  var reconnectMilliseconds = 5000
  /// How long a WebSocket may be silent before it is pinged, and the time limit for its pong.
  var pingSeconds: UInt32 = 30
  var pongSeconds: UInt32 = 10
  /// Maximum rate of messages from one WebSocket client; nil for no limit.
  var messagesPerSecond: Double?
  /// Whether an event without the field of a subscription's filter matches.
  var passesMissing = true
  /// Maximum size of a message from a WebSocket client.
  var messageBytes = 65_536
}
