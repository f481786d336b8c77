// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import Glibc
import Metrics
import NIOCore
import NIOPosix
import Process
import Synchronization

/// The server could not be started.
struct ServerError: ToolError {
  var status: ExitStatus
  var description: String
}

/// The event loops and listening sockets of the server, and their shutdown.
final class Server: Sendable {
  let configuration: Configuration
  let diagnostics: Diagnostics
  /// Nil requires no tokens.
  private let authenticator: Authenticator?
  /// Nil serves without TLS.
  private let certificate: ServerCertificate?
  let registry: Registry
  let stream: EventStream
  let admission: Admission
  let pool: UpstreamPool?
  private let catchUp: SourceReplay?
  private let clientCounts: ClientCounts?
  private let channels: ChannelRegistry
  private let group: MultiThreadedEventLoopGroup
  private let contexts: [LoopContext]
  private let isDraining = Atomic<Bool>(false)
  private let sockets = Mutex<[any Channel]>([])

  init(
    configuration: Configuration, authenticator: Authenticator?, certificate: ServerCertificate?,
    diagnostics: Diagnostics
  ) {
    self.certificate = certificate
    self.authenticator = authenticator
    self.configuration = configuration
    self.diagnostics = diagnostics
    let registry = Registry()
    self.registry = registry
    channels = ChannelRegistry(channelLimit: configuration.channelLimit)
    group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
    let loops = group.makeIterator().map { DeliveryLoop($0) }
    let metrics = ServerMetrics(registry, eventTypes: configuration.eventTypes)
    let clientCounts = configuration.clientConnectionLimit.map { ClientCounts(limit: $0) }
    self.clientCounts = clientCounts
    var limits = configuration.limits
    let descriptors = DescriptorBudget(configuration, limit: DescriptorLimit.soft)
    if let warning = descriptors.warning { diagnostics.warning(warning) }
    limits.idleConnections = max(1, descriptors.others / configuration.loops)
    limits.idleConnectionsOfAddress = max(1, descriptors.othersOfAddress / configuration.loops)
    let admission = Admission(
      clientLimit: configuration.clientLimit, socketLimit: descriptors.clients,
      acceptedLimit: descriptors.accepted)
    self.admission = admission
    contexts = loops.enumerated().map {
      LoopContext(
        loop: $0.element.loop, index: $0.offset, limits: limits, counters: metrics.server,
        admission: admission,
        authenticator: authenticator, clientCounts: clientCounts)
    }
    let workers = Workers(
      count: Workers.count(processors: configuration.loops), budget: configuration.filterBudget)
    let epoch = UInt64(max(1, Timestamp.now.nanoseconds))
    let state = StreamState(
      epoch: epoch, counters: metrics.stream,
      objects: SnapshotStore(
        epoch: epoch, keyLimit: configuration.keyLimit, expression: configuration.snapshotKey,
        isFromStart: configuration.keepsSnapshot), workers: workers)
    stream = EventStream(
      name: "stdin", loops: loops, state: state, ringLimit: configuration.ringLimit, rule: configuration.rule,
      coalesce: configuration.coalesceMilliseconds > 0
        ? .milliseconds(Int64(configuration.coalesceMilliseconds)) : nil)
    pool = configuration.upstream.map {
      UpstreamPool(
        template: $0, loops: loops, workers: workers, configuration: configuration, counters: metrics.stream,
        diagnostics: diagnostics)
    }
    var catchingUp = configuration
    catchingUp.sharing = .channel
    catchUp = configuration.catchUp.map {
      SourceReplay(
        pool: UpstreamPool(
          template: $0, loops: loops, workers: workers, configuration: catchingUp, counters: metrics.stream,
          diagnostics: diagnostics, commandsEnd: true), loop: loops[0].loop)
    }
    registry.counter(
      "wfanout_filter_cpu_seconds_total",
      help: "CPU time of filters, snapshots and compiling, of all clients."
    ) { workers.total / .seconds(1) }
    registry.gauge("wfanout_filters", help: "Clients that wait for a filter or a snapshot.") {
      Double(workers.busyAccounts)
    }
    registry.gauge("wfanout_clients", help: "Clients that are connected.") { Double(admission.clientCount) }
  }

  /// Binds all addresses, and takes over the sockets of the service manager; the one named `admin` is the
  /// admin listener.
  ///
  /// - Returns: A message for each address, with the port that the kernel chose, to log when all are bound.
  func listen(_ sockets: [InheritedSocket] = []) throws(ServerError) -> [String] {
    for context in contexts { context.loop.execute { context.start() } }
    startThread {
      var memory = FreedMemory()
      while true {
        sleep(3)
        memory.check()
      }
    }
    let services = try makeServices()
    var router = Router(services: services, admission: admission)
    router.origin.allowed = Set(configuration.corsOrigins)
    // The origins of `--cors` are not allowed on the admin listener.
    var admin = Router(services: services, admission: admission)
    admin.origin.hint = ""
    admin.admin = AdminRoutes(
      contexts: contexts, stream: stream, registry: registry, counters: stream.state.counters,
      channels: services.channels, started: .now)
    var bound: [String] = []
    var operators: [String] = []
    for socket in sockets {
      let isAdmin = socket.name == "admin"
      let channel = try open(isAdmin ? admin : router, on: socket)
      let isSecure = certificate != nil && !isAdmin && !socket.isUnix
      let address = describe(channel.localAddress, isSecure: isSecure) ?? "descriptor \(socket.descriptor)"
      if isAdmin { operators.append(address) } else { bound.append(address) }
    }
    if let address = configuration.admin {
      operators.append(describe(try open(admin, on: address), address, isSecure: false))
    }
    var addresses = configuration.listen
    if addresses.isEmpty, bound.isEmpty { addresses = [Configuration.defaultAddress] }
    for address in addresses {
      bound.append(describe(try open(router, on: address), address, isSecure: certificate != nil))
    }
    return operators.map { "serving operators on \($0)" } + bound.map { "listening on \($0)" }
  }

  private func makeServices() throws(ServerError) -> Services {
    var services = Services(
      stream: stream, registry: registry, filters: FilterCompiler(costLimit: configuration.costLimit))
    do throws(HTTPError) {
      services.snapshots = try SnapshotRoutes(
        configuration.routes, store: stream.state.snapshots, filters: services.filters)
    } catch {
      throw ServerError(status: .badConfig, description: "routes: \(error.status.message)")
    }
    services.knownTypes = configuration.eventTypes
    services.hasEcho = configuration.hasEcho
    services.compressesMessages = configuration.compressesMessages
    services.rates = configuration.requestRate.map { RequestRates(rate: $0) }
    services.channels = pool.map { ChannelRoutes(pool: $0, registry: channels) }
    services.authenticator = authenticator
    services.catchUp = catchUp
    services.clientCounts = clientCounts
    return services
  }

  private func open(_ router: Router, on address: ListenAddress) throws(ServerError) -> any Channel {
    do {
      let router = router.servedUnder(names(isLoopback: address.isLocal && !address.isUnix))
      if case .unix(let path) = address, isServed(path) {
        throw IOError(errnoCode: EADDRINUSE, reason: "bind")
      }
      let channel = try bootstrap(router, isUnix: address.isUnix).bind(to: address).wait()
      sockets.withLock { $0.append(channel) }
      return channel
    } catch {
      throw ServerError(
        status: .unavailable, description: "listen on \(address): \(Server.reason(error, address))")
    }
  }

  /// Whether another process listens there: the file of one that has ended is replaced.
  private func isServed(_ path: String) -> Bool {
    guard let channel = try? ClientBootstrap(group: group).connect(unixDomainSocketPath: path).wait() else {
      return false
    }
    channel.close(promise: nil)
    return true
  }

  private func open(_ router: Router, on socket: InheritedSocket) throws(ServerError) -> any Channel {
    socket.take()
    let channel: any Channel
    do {
      let router = router.servedUnder(names(isLoopback: socket.isLoopback))
      channel = try bootstrap(router, isUnix: socket.isUnix).withBoundSocket(socket.descriptor).wait()
    } catch {
      throw ServerError(
        status: .unavailable,
        description:
          "listen on the socket passed as descriptor \(socket.descriptor): \(Server.reason(error, nil))")
    }
    sockets.withLock { $0.append(channel) }
    guard !InheritedSocket.isLocal(channel.localAddress) else { return channel }
    let address = describe(channel.localAddress, isSecure: false) ?? "\(socket.descriptor)"
    let name = "the passed socket \(address)"
    guard router.admin == nil else {
      throw ServerError(
        status: .usage, description: "\(name): operators are served on local addresses only")
    }
    do throws(Configuration.CombinationError) {
      try configuration.checkOpen(name)
    } catch {
      throw ServerError(status: error.status, description: error.description)
    }
    return channel
  }

  /// The reason of a failure to bind, and a remedy.
  private static func reason(_ error: any Error, _ address: ListenAddress?) -> String {
    guard let error = error as? IOError else {
      return error is SocketAddressError ? "no such host" : "it is not a socket that can listen"
    }
    let message = systemMessage(error.errnoCode)
    switch (error.errnoCode, address) {
    case (EADDRINUSE, .unix?): return "\(message): another process listens there (ss -lxp shows it)"
    case (EADDRINUSE, .tcp?): return "\(message): another process listens there (ss -ltnp shows it)"
    case (EACCES, .tcp(_, let port)?) where port < 1024:
      return "\(message): ports below 1024 need CAP_NET_BIND_SERVICE"
    case (EADDRNOTAVAIL, .tcp(let host, _)?):
      return "\(message): this machine does not have the address \(host)"
    default: return message
    }
  }

  /// Limits the bytes that the kernel has not sent yet, so that events for a slow listener wait in the ring. The
  /// size of the send buffer would also limit the bytes that are on their way, and so the speed of a distant
  /// listener. A Unix socket has no other limit than that size.
  private static let unsentLimit = NIOBSDSocket.Option(rawValue: TCP_NOTSENT_LOWAT)

  /// The host names that requests to an address may name; nil for any.
  private func names(isLoopback: Bool) -> Set<String>? {
    isLoopback ? RequestOrigin.loopbackNames(and: configuration.hosts) : nil
  }

  private func bootstrap(_ router: Router, isUnix: Bool) -> ServerBootstrap {
    // The admin listener and Unix sockets are local, so they are served without TLS.
    let pipelines = Pipelines(
      router: router, contexts: contexts, certificate: isUnix || router.admin != nil ? nil : certificate)
    let (admission, diagnostics) = (admission, diagnostics)
    return ServerBootstrap(group: group)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            AcceptGuard(admission: admission, diagnostics: diagnostics))
        }
      }
      .serverChannelOption(.backlog, value: 4096)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // Inherited by accepted sockets.
      .serverChannelOption(
        isUnix ? .socketOption(.so_sndbuf) : .tcpOption(Server.unsentLimit), value: 64 << 10
      )
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      // After a partial write, wait until the socket takes more; another try would fail.
      .childChannelOption(.writeSpin, value: 0)
      // The channel of an idle listener keeps the buffer that its request was read into.
      .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1024))
      .childChannelOption(.maxMessagesPerRead, value: 4)
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 1, high: 128 << 10))
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try pipelines.begin(on: channel) }
      }
  }

  private func describe(_ channel: any Channel, _ address: ListenAddress, isSecure: Bool) -> String {
    guard case .tcp(let host, _) = address, let port = channel.localAddress?.port else { return "\(address)" }
    let scheme = isSecure ? "https" : "http"
    return "\(scheme)://\(ListenAddress.tcp(host: host, port: UInt16(port)))/"
  }

  /// The address of a passed socket; nil if it has none.
  private func describe(_ address: SocketAddress?, isSecure: Bool) -> String? {
    if case .unixDomainSocket? = address { return "\(ListenAddress.unix(path: address?.pathname ?? ""))" }
    guard let host = address?.ipAddress, let port = address?.port else { return nil }
    return "\(isSecure ? "https" : "http")://\(ListenAddress.tcp(host: host, port: UInt16(port)))/"
  }

  /// Delivers the remaining events, ends the connections, and waits until all are closed or the time limit
  /// has passed.
  func drain(reason: DisconnectReason, givesWhatIsLeft: Bool) {
    guard !isDraining.exchange(true, ordering: .acquiringAndReleasing) else { return }
    // New clients are served by another instance, or wait at the service manager's socket for the next one.
    for socket in sockets.withLock({ $0 }) { try? socket.close().wait() }
    if givesWhatIsLeft { stream.end(reason: reason) }
    for context in contexts {
      try? context.loop.submit {
        context.forEachConnection { connection in
          if !givesWhatIsLeft || !connection.listens(to: self.stream) { connection.finish(reason: reason) }
        }
      }.wait()
    }
    let pools = [pool, catchUp?.pool].compactMap(\.self)
    for pool in pools { pool.stopAll() }
    let deadline = ContinuousClock.now + configuration.drain
    while admission.clientCount > 0, ContinuousClock.now < deadline { usleep(20_000) }
    for pool in pools { pool.waitForEnd() }
  }
}

extension TimeAmount {
  init(_ duration: Duration) {
    self = .nanoseconds(duration.nanoseconds)
  }
}

extension ServerBootstrap {
  fileprivate func bind(to address: ListenAddress) -> EventLoopFuture<any Channel> {
    switch address {
    case .tcp(let host, let port): bind(host: host, port: Int(port))
    case .unix(let path): bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
    }
  }
}
