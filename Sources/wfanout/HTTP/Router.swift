// SPDX-License-Identifier: Apache-2.0
import Metrics
import Watch

/// What the routes work on.
struct Services: Sendable {
  var stream: EventStream
  var registry: Registry
  var filters: FilterCompiler
  /// The event types a `/ws` client may ask for; nil allows any.
  var knownTypes: Set<String>?
  /// Opens `/ws/echo` to conformance tests.
  var hasEcho = false
}

/// Finds what a request asks for. Any event loop.
struct Router: Sendable {
  let services: Services
  let admission: Admission
  /// On every response: CORS, where it is allowed.
  var commonHeaders: [(name: String, value: String)] = []
  var allowedOrigin: String?

  func route(_ request: Request, on loop: LoopContext) -> Reply {
    loop.counters.requests.increment()
    do throws(Refusal) {
      return try find(request, on: loop)
    } catch {
      loop.counters.refused.increment()
      return .answer(error.answer)
    }
  }

  private func find(_ request: Request, on loop: LoopContext) throws(Refusal) -> Reply {
    switch request.path {
    case "/": return try get(request) { .answer(LivePage.answer) }
    case "/healthz": return try get(request) { .answer(.text(200, "ok")) }
    case "/metrics":
      return try get(request) {
        .answer(
          Answer(
            200, type: "text/plain; version=0.0.4; charset=utf-8", body: services.registry.exposition()))
      }
    case "/events": return try events(request)
    case "/ws": return try webSocket(request, request.flag("raw") ? .raw : .session(needsToken: false))
    case "/ws/echo" where services.hasEcho: return try webSocket(request, .echo)
    default:
      if let path = KubernetesPath(request.path) {
        if request.flag("watch") { try admit() }
        return try KubernetesRoutes(services: services).route(request, path, on: loop)
      }
      return .answer(.notFound)
    }
  }

  private func get(_ request: Request, _ body: () throws(Refusal) -> Reply) throws(Refusal) -> Reply {
    guard request.method == "GET" || request.method == "HEAD" else {
      return .answer(.methodNotAllowed("GET, HEAD"))
    }
    return try body()
  }

  private func events(_ request: Request) throws(Refusal) -> Reply {
    guard request.method == "GET" else { return .answer(.methodNotAllowed("GET")) }
    try admit()
    let wanted = ListenRequest(request)
    let isLines = request.accepts("application/x-ndjson") || request.accepts("application/json")
    return .listen(
      ListenPlan(
        stream: services.stream, shape: isLines ? .lines : .eventStream,
        contentType: isLines ? "application/x-ndjson" : "text/event-stream; charset=utf-8",
        headers: commonHeaders,
        start: wanted.start, matcher: try services.filters.matcher(wanted.filter)))
  }

  private func webSocket(_ request: Request, _ mode: WebSocketConnection.Mode) throws(Refusal) -> Reply {
    guard request.method == "GET" else { return .answer(.methodNotAllowed("GET")) }
    let headers = try WebSocketHandshake.answer(request, allowedOrigin: allowedOrigin)
    let wanted = ListenRequest(request)
    let matcher = try services.filters.matcher(wanted.filter)
    try admit()
    return .upgrade(
      UpgradePlan(
        mode: mode, headers: headers, stream: services.stream, start: wanted.start, matcher: matcher))
  }

  func admit() throws(Refusal) {
    guard admission.isFull else { return }
    throw Refusal(
      status: Status(
        code: 503, reason: "ServiceUnavailable",
        message: "all \(admission.clientLimit) places are taken; see --max-clients"),
      headers: [("Retry-After", "5")])
  }
}
