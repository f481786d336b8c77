// SPDX-License-Identifier: Apache-2.0
import Events
import Metrics
import NIOCore

/// The services that the routes use.
struct Services: Sendable {
  var stream: EventStream
  var registry: Registry
  var filters: FilterCompiler
  var snapshots: SnapshotRoutes?
  /// With `--upstream` only.
  var channels: ChannelRoutes?
  /// Nil sets no limit per client.
  var clientCounts: ClientCounts?
  /// With `catch-up` only.
  var catchUp: SourceReplay?
  /// Nil requires no tokens.
  var authenticator: Authenticator?
  /// Nil sets no rate limit.
  var rates: RequestRates?
  /// The event types a `/ws` client may ask for; nil allows any.
  var knownTypes: Set<String>?
  /// Whether WebSocket compression is accepted from clients that offer it.
  var compressesMessages = false
  /// Whether `/ws/echo` is served, for conformance tests.
  var hasEcho = false
}

/// Routes requests. Any event loop.
struct Router: Sendable {
  let services: Services
  let admission: Admission
  /// On the admin listener, the only routes.
  var admin: AdminRoutes?
  /// The allowed origins and host names.
  var origin = RequestOrigin()

  /// The same router for an address with these host names only.
  func servedUnder(_ names: Set<String>?) -> Router {
    var router = self
    router.origin.names = names
    return router
  }

  func route(_ request: HTTPRequest, on loop: LoopContext) -> RouteResult {
    loop.counters.requests.increment()
    return reply(to: request, on: loop) { () throws(HTTPError) in
      try origin.checkName(request)
      if admin == nil, let answer = try origin.preflightResponse(request) { return .response(answer) }
      if admin == nil, let reply = try openToAll(request) { return reply }
      try origin.check(request)
      if let admin { return try admin.route(request, on: loop) }
      guard let authenticator = services.authenticator else { return try compile(request, nil, on: loop) }
      guard let token = authenticator.token(of: request) else {
        // On `/ws` the first message may carry the token.
        guard request.path == "/ws", !request.flag("raw") else {
          throw Authenticator.refusal("a token is required")
        }
        return try compile(request, nil, on: loop)
      }
      return .later(
        authenticator.verdict(of: token, from: request.address, on: loop.loop).map { verdict in
          reply(to: request, on: loop) { () throws(HTTPError) in
            if verdict == .refused, let address = request.address { try services.rates?.admit(address) }
            return try compile(request, try Authenticator.identity(verdict), on: loop)
          }
        })
    }
  }

  private func reply(
    to request: HTTPRequest, on loop: LoopContext, _ body: () throws(HTTPError) -> RouteResult
  ) -> RouteResult {
    do throws(HTTPError) {
      return try body()
    } catch {
      loop.counters.refused.increment()
      return .response(request.path.hasPrefix("/api/watch/") ? error.channelResponse : error.response)
    }
  }

  /// The routes that need no token.
  private func openToAll(_ request: HTTPRequest) throws(HTTPError) -> RouteResult? {
    switch request.path {
    case "/":
      try get(request) { .response(services.channels == nil ? LivePage.response : ChannelRoutes.guide) }
    case "/healthz": try get(request) { .response(.text(200, "ok")) }
    case "/metrics":
      try get(request) {
        .response(
          HTTPResponse(
            200, type: "text/plain; version=0.0.4; charset=utf-8", body: services.registry.exposition()))
      }
    default: nil
    }
  }

  /// The account that the work for a request is charged to.
  static func account(_ identity: Identity?, address: String?) -> String {
    identity.map { "identity \($0.name)" } ?? address.map { "address \($0)" } ?? "local"
  }

  /// Compiles the filters of a request on a worker, unless they are cached, then routes it.
  private func compile(
    _ request: HTTPRequest, _ identity: Identity?, on loop: LoopContext
  ) throws(HTTPError) -> RouteResult {
    try FilterRequest.check(request)
    let wanted = FilterRequest(request)
    guard !wanted.isEmpty else { return try find(request, identity, nil, on: loop) }
    if let filter = services.filters.known(wanted) { return try find(request, identity, filter, on: loop) }
    let account = Router.account(identity, address: request.address)
    return .later(
      services.filters.compile(
        wanted, on: services.stream.state.workers, account: account, cancellation: request.cancellation,
        loop: loop.loop
      )
      .map { result in
        reply(to: request, on: loop) { () throws(HTTPError) in
          try find(request, identity, try result.get(), on: loop)
        }
      })
  }

  private func find(
    _ request: HTTPRequest, _ identity: Identity?, _ filter: FilterMatcher?, on loop: LoopContext
  ) throws(HTTPError) -> RouteResult {
    if let client = identity?.name ?? request.address { try services.rates?.admit(client) }
    if let channels = services.channels, let reply = try channels.route(request, identity: identity, on: loop)
    {
      if case .channels = reply { try admit(request, identity) }
      return reply
    }
    if services.channels != nil, ["/events", "/ws", "/snapshot"].contains(request.path) {
      return .response(ChannelRoutes.guide)
    }
    switch request.path {
    case "/events": return try events(request, identity, filter, on: loop)
    case "/ws":
      let session = WebSocketConnection.Mode.session(
        needsToken: services.authenticator != nil, isKnown: identity != nil)
      return try webSocket(request, request.flag("raw") ? .raw : session, identity, filter)
    case "/ws/echo" where services.hasEcho: return try webSocket(request, .echo, identity, nil)
    default:
      if let reply = try services.snapshots?.route(request, filter, services.stream, identity, on: loop.loop)
      {
        return reply
      }
      if let path = KubernetesPath(request.path) {
        if request.flag("watch"), request.method == "GET" { try admit(request, identity) }
        return try KubernetesRoutes(
          services: services, identity: identity, cancellation: request.cancellation
        ).route(
          request, path, filter, on: loop)
      }
      return .response(.notFound)
    }
  }

  private func get(_ request: HTTPRequest, _ body: () throws(HTTPError) -> RouteResult) throws(HTTPError)
    -> RouteResult
  {
    guard request.isRead else { return .response(.methodNotAllowed("GET, HEAD")) }
    return try body()
  }

  /// The routes of `/events`, `/ws` and the others that require a token.
  private func events(
    _ request: HTTPRequest, _ identity: Identity?, _ filter: FilterMatcher?, on loop: LoopContext
  ) throws(HTTPError) -> RouteResult {
    guard request.isRead else { return .response(.methodNotAllowed("GET, HEAD")) }
    if request.method == "GET" { try admit(request, identity) }
    let wanted = ListenRequest(request)
    let isLines = request.accepts("application/x-ndjson") || request.accepts("application/json")
    let plan = ListenPlan(
      stream: services.stream, shape: isLines ? .lines : .eventStream,
      contentType: isLines ? "application/x-ndjson" : "text/event-stream; charset=utf-8",
      start: wanted.start, matcher: matcher(wanted, filter), identity: identity)
    if let catchUp = services.catchUp, case .after(let id) = wanted.start, EventID(id) != nil,
      case .reset = services.stream.hubs[loop.index].place(ofVersion: id)
    {
      return catchUp.reply(
        plan, after: id, account: Router.account(identity, address: request.address),
        listener: loop.listenerName(), on: loop
      ) { _ in .listen(plan) }
    }
    return .listen(plan)
  }

  private func webSocket(
    _ request: HTTPRequest, _ mode: WebSocketConnection.Mode, _ identity: Identity?, _ filter: FilterMatcher?
  ) throws(HTTPError) -> RouteResult {
    guard request.method == "GET" else { return .response(.methodNotAllowed("GET")) }
    let compression =
      services.compressesMessages
      ? MessageCompression(accepting: request.list("sec-websocket-extensions")) : nil
    let headers = try WebSocketHandshake.response(
      request, compression: compression)
    let wanted = ListenRequest(request)
    let matcher = matcher(wanted, filter)
    try admit(request, identity)
    return .upgrade(
      UpgradePlan(
        mode: mode, headers: headers, stream: services.stream, start: wanted.start, matcher: matcher,
        identity: identity, compression: compression))
  }

  private func matcher(_ wanted: ListenRequest, _ filter: FilterMatcher?) -> (any LineMatcher)? {
    guard wanted.wantsSnapshot, let objects = services.stream.state.snapshots else { return filter }
    return filter?.tracking(objects)
  }

  /// Checks the limits again before a stream begins: several requests may have passed the first check at the same
  /// time.
  func admitting(_ reply: RouteResult, to request: HTTPRequest, on loop: LoopContext) -> RouteResult {
    guard request.method != "HEAD" else { return reply }
    return self.reply(to: request, on: loop) { () throws(HTTPError) in
      try admit(request, reply.identity)
      return reply
    }
  }

  private func admit(_ request: HTTPRequest, _ identity: Identity?) throws(HTTPError) {
    try services.clientCounts?.check(Router.account(identity, address: request.address))
    try admission.check()
  }
}
