// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import Glibc
import JSON
import Metrics
import NIOCore

/// The routes for operators, on the admin listener only.
struct AdminRoutes: Sendable {
  let contexts: [LoopContext]
  let stream: EventStream
  let registry: Registry
  let counters: StreamCounters
  let channels: ChannelRoutes?
  let started: Timestamp

  func route(_ request: HTTPRequest, on loop: LoopContext) throws(HTTPError) -> RouteResult {
    switch (request.path, request.isRead ? "GET" : request.method) {
    case ("/healthz", "GET"): return .response(.text(200, "ok"))
    case ("/metrics", "GET"):
      return .response(
        HTTPResponse(200, type: "text/plain; version=0.0.4; charset=utf-8", body: registry.exposition()))
    case ("/api/v1/streaming/status", "GET"): return .later(gather(on: loop) { status($0) })
    case ("/api/v1/streaming/clients", "GET"): return .later(gather(on: loop) { AdminRoutes.clients($0) })
    case ("/api/v1/streaming/subscriptions", "GET"):
      return .later(gather(on: loop) { AdminRoutes.subscriptions($0) })
    case ("/api/v1/streaming/sources", "GET"): return .response(sources)
    case ("/api/v1/streaming/costs", "GET"): return .response(costs)
    case ("/api/v1/streaming/broadcast", "POST"): return .response(try broadcast(request))
    case ("/api/v1/streaming/clients", "DELETE"):
      guard let name = request.item("identity"), !name.isEmpty else {
        throw .badRequest("name the connections to end: ?identity=NAME, or the path .../clients/ID")
      }
      return .later(end(on: loop) { $0.client.identity?.name == name })
    case (let path, "DELETE") where path.hasPrefix(AdminRoutes.clientsPath):
      let id = path.dropFirst(AdminRoutes.clientsPath.count)
      return .later(end(on: loop) { $0.report.clientID == id })
    case ("/api/watch/stats", "GET"):
      return .response(
        channels?.statistics ?? .json(200, #"{"clients":0,"upstreams":0,"subscriptions":{}}"#))
    case (let path, _):
      guard let methods = AdminRoutes.methods(path) else { return .response(.notFound) }
      throw .methodNotAllowed(methods)
    }
  }

  /// The methods of a path that is served.
  private static func methods(_ path: String) -> String? {
    switch path {
    case "/api/v1/streaming/clients": "GET, HEAD, DELETE"
    case "/healthz", "/metrics", "/api/watch/stats": "GET, HEAD"
    case "/api/v1/streaming/status", "/api/v1/streaming/subscriptions", "/api/v1/streaming/sources",
      "/api/v1/streaming/costs":
      "GET, HEAD"
    case "/api/v1/streaming/broadcast": "POST"
    default: path.hasPrefix(clientsPath) ? "DELETE" : nil
    }
  }

  private static let clientsPath = "/api/v1/streaming/clients/"

  /// Ends connections. Their clients may connect again: to keep them out, revoke their tokens.
  private func end(
    on loop: LoopContext, where isMeant: @escaping @Sendable (any Connection) -> Bool
  ) -> EventLoopFuture<RouteResult> {
    let parts = contexts.map { context in
      context.loop.submit {
        var ended = 0
        context.forEachConnection { connection in
          guard isMeant(connection) else { return }
          connection.finish(reason: .endedByOperator)
          ended += 1
        }
        return ended
      }
    }
    return EventLoopFuture.whenAllSucceed(parts, on: loop.loop).map { counts in
      let ended = counts.reduce(0, +)
      guard ended > 0 else {
        return .response(
          .failure(
            Status(code: 404, reason: "NotFound", message: "no client with this id or identity is connected"))
        )
      }
      return .response(.json(200, #"{"ended":\#(ended)}"#))
    }
  }

  /// Each loop reports its own connections.
  private func gather(
    on loop: LoopContext, _ body: @escaping @Sendable ([ClientReport]) -> HTTPResponse
  ) -> EventLoopFuture<RouteResult> {
    let parts = contexts.map { context in
      context.loop.submit {
        var reports: [ClientReport] = []
        context.forEachConnection { reports.append($0.report) }
        return reports
      }
    }
    return EventLoopFuture.whenAllSucceed(parts, on: loop.loop).map { .response(body($0.flatMap { $0 })) }
  }

  /// Standard input, or the running commands, each with its STATUS lines.
  private var sources: HTTPResponse {
    let streams =
      channels.map { $0.pool.running.map { ($0.stream, $0.processIdentifier ?? 0) } } ?? [(stream, getpid())]
    let sources = streams.map { stream, process in
      #"{"source":\#(JSONText.string(stream.name)),"process":\#(process),"listeners":\#(stream.state.listenerCount),"#
        + #""events":\#(stream.state.published),\#(stream.state.health.json)}"#
    }
    return .json(200, #"{"sources":[\#(sources.joined(separator: ","))],"total":\#(sources.count)}"#)
  }

  /// The CPU time that the filters and snapshots of each client have used, the most expensive first.
  private var costs: HTTPResponse {
    let clients = stream.state.workers.usage.prefix(1000).map { usage in
      #"{"client":\#(JSONText.string(usage.account)),"cpu_seconds":\#(usage.total / .seconds(1)),"#
        + #""queued":\#(usage.queued),"throttled":\#(usage.isThrottled)}"#
    }
    return .json(
      200,
      #"{"clients":[\#(clients.joined(separator: ","))],"cpu_seconds":\#(stream.state.workers.total / .seconds(1))}"#
    )
  }

  /// The worst health of the sources; without STATUS lines: healthy.
  private var health: String {
    let said = (channels?.pool.running.map(\.stream) ?? [stream]).map(\.state.health.worst)
    return ["unhealthy", "degraded"].first(where: said.contains) ?? "healthy"
  }

  private func status(_ clients: [ClientReport]) -> HTTPResponse {
    let uptime = (Timestamp.now.nanoseconds - started.nanoseconds) / 1_000_000_000
    let subscriptions = clients.reduce(0) { $0 + $1.subscriptionCount }
    return .json(
      200,
      #"{"status":"\#(health)","connected_clients":\#(clients.count),"total_subscriptions":\#(subscriptions),"#
        + #""events_routed":\#(counters.delivered.count),"events_dropped":\#(counters.dropped.count),"#
        + #""upstreams":\#(channels?.pool.count ?? 0),"uptime_seconds":\#(uptime)}"#)
  }

  private static func clients(_ clients: [ClientReport]) -> HTTPResponse {
    .json(200, #"{"clients":[\#(clients.map(\.json).joined(separator: ","))],"total":\#(clients.count)}"#)
  }

  private static func subscriptions(_ clients: [ClientReport]) -> HTTPResponse {
    var byType: [String: Int] = [:]
    var byCluster: [String: Int] = [:]
    for subscription in clients.flatMap(\.subscriptions) {
      for type in subscription.eventTypes.isEmpty ? ["*"] : subscription.eventTypes {
        byType[type, default: 0] += 1
      }
      for cluster in subscription.clusters.isEmpty ? ["*"] : subscription.clusters {
        byCluster[cluster, default: 0] += 1
      }
    }
    func object(_ counts: [String: Int]) -> String {
      "{"
        + counts.sorted { $0.key < $1.key }.map { "\(JSONText.string($0.key)):\($0.value)" }.joined(
          separator: ",") + "}"
    }
    return .json(
      200,
      #"{"total_subscriptions":\#(clients.reduce(0) { $0 + $1.subscriptionCount }),"by_event_type":\#(object(byType)),"#
        + #""by_cluster":\#(object(byCluster))}"#)
  }

  /// Sends the event in the body to every listener whose filter it matches, as if the source had emitted it.
  private func broadcast(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
    try RequestOrigin.requireJSON(request)
    let body = request.body.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
    guard let event = JSONValue(body), case .object = event else {
      throw .badRequest("the body is not a JSON object")
    }
    stream.publish { $0.append(body) }
    return .json(200, #"{"delivered":\#(stream.state.listenerCount)}"#)
  }
}
