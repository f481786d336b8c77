// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// `/api/watch/…`: many channels over one event stream, each fed by a command.
struct ChannelRoutes: Sendable {
  let pool: UpstreamPool
  let registry: ChannelRegistry

  func route(_ request: HTTPRequest, identity: Identity?, on loop: LoopContext) throws(HTTPError)
    -> RouteResult?
  {
    let name = identity?.name ?? ""
    let account = Router.account(identity, address: request.address)
    switch (request.path, request.method) {
    case ("/api/watch/stream", "GET"), ("/api/watch/stream", "HEAD"): return try stream(request, identity)
    case ("/api/watch/subscribe", "POST"):
      return .response(try subscribe(request, name, account, pool.token(of: identity), on: loop))
    case ("/api/watch/unsubscribe", "POST"): return .response(try unsubscribe(request, name))
    case ("/api/watch/stream", _): throw .methodNotAllowed("GET, HEAD")
    case ("/api/watch/subscribe", _), ("/api/watch/unsubscribe", _): throw .methodNotAllowed("POST")
    default: return nil
    }
  }

  /// The response of `/events` without a stream on standard input: a page would otherwise wait for ever.
  static let guide = HTTPResponse.text(
    404,
    """
    There is no single stream here: this wfanout runs a command for each channel (--upstream).
    Kubernetes clients:  GET /api/v1/RESOURCE?watch=1, GET /apis/GROUP/VERSION/namespaces/NAMESPACE/RESOURCE?watch=1
    Browsers:            GET /api/watch/stream?cid=ID, then POST /api/watch/subscribe with
                         {"clientId":"ID","resourceType":"api/v1/RESOURCE","namespace":"NAMESPACE"}
    """)

  static let contentType = "text/event-stream; charset=utf-8"

  private func stream(_ request: HTTPRequest, _ identity: Identity?) throws(HTTPError) -> RouteResult {
    let id = request.item("cid") ?? ""
    guard !id.isEmpty else { return .response(error(400, "Missing cid query parameter")) }
    guard id.utf8.count <= 128, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      return .response(error(400, "cid is not an id"))
    }
    guard request.method == "GET" else {
      return .response(.headOnly(ChannelRoutes.contentType, RequestHandler.uncached))
    }
    return .channels(clientID: id, identity: identity, registry: registry)
  }

  private func subscribe(
    _ request: HTTPRequest, _ identity: String, _ account: String, _ token: HandedToken?, on loop: LoopContext
  ) throws(HTTPError) -> HTTPResponse {
    let body = try object(request)
    guard let id = body["clientId"]?.string, !id.isEmpty else {
      return error(400, "Missing clientId")
    }
    var wanted: ChannelRequest
    do throws(HTTPError) {
      wanted = try ChannelRequest(body)
      wanted.token = token
      // Checked first: a request that the template cannot express is the client's error in any case.
      _ = try wanted.arguments(for: pool.template, identity: identity)
      wanted.account = account
    } catch {
      return self.error(error.status.code, error.status.message)
    }
    switch registry.subscribe(id, identity: identity, channel: wanted.channel) {
    case .unknown: return error(404, "Unknown client; open the stream first")
    case .foreign: return error(403, "Client not owned by this user")
    case .full: return error(429, "A client may have \(registry.channelLimit) channels")
    case .found(let client):
      let upstream: Upstream
      do throws(HTTPError) {
        upstream = try pool.acquire(wanted, identity: identity, listener: id, on: loop)
      } catch {
        _ = registry.unsubscribe(id, identity: identity, channel: wanted.channel)
        return self.error(error.status.code, error.status.message, error.headers)
      }
      let version = wanted.values[ChannelRequest.resumeField]
      client.run { $0.subscribe(upstream, after: version) }
      return .json(200, #"{"channel":\#(JSONText.string(wanted.channel))}"#)
    }
  }

  private func unsubscribe(_ request: HTTPRequest, _ identity: String) throws(HTTPError) -> HTTPResponse {
    let body = try object(request)
    guard let id = body["clientId"]?.string, let channel = body["channel"]?.string else {
      return error(400, "Missing clientId or channel")
    }
    switch registry.unsubscribe(id, identity: identity, channel: channel) {
    case .unknown, .full: break
    case .foreign: return error(403, "Client not owned by this user")
    case .found(let client): client.run { $0.unsubscribe(channel) }
    }
    return .json(200, #"{"ok":true}"#)
  }

  private func object(_ request: HTTPRequest) throws(HTTPError) -> JSONValue {
    try RequestOrigin.requireJSON(request)
    guard let body = JSONValue(request.body), case .object = body else {
      throw .badRequest("the body is not a JSON object")
    }
    return body
  }

  /// `{"clients":…,"upstreams":…,"subscriptions":{channel: listeners}}`.
  var statistics: HTTPResponse {
    let subscriptions = pool.subscriptions
      .map { "\(JSONText.string($0.channel)):\($0.listeners)" }.joined(separator: ",")
    return .json(
      200, #"{"clients":\#(registry.count),"upstreams":\#(pool.count),"subscriptions":{\#(subscriptions)}}"#)
  }

  private func error(
    _ status: Int, _ message: String, _ headers: [(name: String, value: String)] = []
  ) -> HTTPResponse {
    .json(status, #"{"error":\#(JSONText.string(message))}"#, headers: headers)
  }
}
