// SPDX-License-Identifier: Apache-2.0
import Events
import NIOCore

/// `GET /api…` and `/apis…`: lists, objects and watches out of a stream of watch events.
struct KubernetesRoutes: Sendable {
  let services: Services
  let identity: Identity?
  /// Of the request.
  let cancellation: Cancellation

  func route(
    _ request: HTTPRequest, _ path: KubernetesPath, _ filter: FilterMatcher?, on loop: LoopContext
  ) throws(HTTPError) -> RouteResult {
    guard request.isRead else { return .response(.methodNotAllowed("GET, HEAD")) }
    guard request.acceptsJSON else {
      throw HTTPError(406, "NotAcceptable", "only application/json is served, not Tables or Protobuf")
    }
    let query = try KubernetesWatchQuery(request)
    let account = Router.account(identity, address: request.address)
    if let pool = services.channels?.pool {
      // No command is started for a response without a body.
      if request.method == "HEAD" { return .response(.headOnly("application/json")) }
      return try askCommand(pool, path, query, filter, account, on: loop)
    }
    let stream = services.stream
    let matcher = matcher(path, query, filter, stream, checksPath: true)
    return try query.whenReached(by: stream, on: loop.loop) { () throws(HTTPError) in
      try serve(stream, path, query, matcher, account, on: loop)
    }
  }

  private func serve(
    _ stream: EventStream, _ path: KubernetesPath, _ query: KubernetesWatchQuery,
    _ matcher: KubernetesMatcher, _ account: String, on loop: LoopContext
  ) throws(HTTPError) -> RouteResult {
    guard query.isWatch else { return try list(stream, path, query, matcher, account, on: loop) }
    guard !stream.state.objects.resources.lacks(path) else { throw noResource(path) }
    let expired = HTTPError(status: expiry(query, stream))
    do throws(HTTPError) {
      return try watch(stream, try start(query, stream, stream.hubs[loop.index]), query, matcher)
    } catch {
      guard error.status.code == 410, let catchUp = services.catchUp,
        case .listen(let plan) = try watch(stream, .now, query, matcher)
      else { throw error }
      return catchUp.reply(
        plan, after: query.resourceVersion, account: account, listener: loop.listenerName(), on: loop
      ) { _ in .response(expired.response) }
    }
  }

  /// With `--upstream`, the response waits until it is known whether the command fails at its start.
  private func askCommand(
    _ pool: UpstreamPool, _ path: KubernetesPath, _ query: KubernetesWatchQuery, _ filter: FilterMatcher?,
    _ account: String, on loop: LoopContext
  ) throws(HTTPError) -> RouteResult {
    let version = query.beginsWithList ? "" : query.resourceVersion
    var wanted = try ChannelRequest(path, query.filter, version: version, for: pool.template)
    wanted.account = account
    wanted.token = pool.token(of: identity)
    let upstream = try pool.acquire(
      wanted, identity: identity?.name ?? "", listener: loop.listenerName(), isFailureFinal: true,
      on: loop)
    let stream = upstream.stream
    let hub = stream.hubs[loop.index]
    let matcher = matcher(
      path, query, filter, stream, checksPath: !pool.template.fields.contains("resourceType"))
    return .later(
      (query.beginsWithList ? upstream.hasListed(on: hub) : upstream.hasBegun(on: hub)).assumeIsolated().map {
        ending in
        do throws(HTTPError) {
          if let failure = ending?.failure, !hub.hasEvents || query.beginsWithList {
            throw HTTPError(status: failure, headers: failure.code == 503 ? [("Retry-After", "1")] : [])
          }
          return try query.whenReached(by: stream, on: loop.loop) { () throws(HTTPError) in
            guard query.isWatch else { return try list(stream, path, query, matcher, account, on: loop) }
            let start = upstream.resumesAfter == nil ? try start(query, stream, hub) : try resumed(query, hub)
            return try watch(stream, start, query, matcher)
          }
        } catch {
          return .response(error.response)
        }
      }.nonisolated())
  }

  private func matcher(
    _ path: KubernetesPath, _ query: KubernetesWatchQuery, _ filter: FilterMatcher?, _ stream: EventStream,
    checksPath: Bool
  ) -> KubernetesMatcher {
    KubernetesMatcher(
      path: path, allowsBookmarks: query.allowsBookmarks, checksPath: checksPath, wantsNames: !query.isWatch,
      filter: query.isWatch ? filter?.tracking(stream.state.objects) : filter)
  }

  private func watch(
    _ stream: EventStream, _ start: ListenRequest.Start, _ query: KubernetesWatchQuery,
    _ matcher: KubernetesMatcher
  ) throws(HTTPError) -> RouteResult {
    .listen(
      ListenPlan(
        stream: stream, shape: .kubernetes, contentType: "application/json", start: start, matcher: matcher,
        timeoutSeconds: query.timeoutSeconds, sendsBookmarks: query.allowsBookmarks,
        identity: identity))
  }

  private func noResource(_ path: KubernetesPath) -> HTTPError {
    HTTPError(404, "NotFound", "there is no resource \(path.resource) in \(path.apiVersion)")
  }

  private func list(
    _ stream: EventStream, _ path: KubernetesPath, _ query: KubernetesWatchQuery,
    _ matcher: KubernetesMatcher, _ account: String, on loop: LoopContext
  ) throws(HTTPError) -> RouteResult {
    guard !matcher.checksPath || stream.state.objects.resources.mayHave(path) else {
      throw noResource(path)
    }
    guard let objects = stream.state.snapshots else {
      throw HTTPError(
        405, "MethodNotAllowed", "this server keeps no objects to list; start wfanout with --snapshot")
    }
    // A shared snapshot may be older than a version that was already sent.
    let snapshot = objects.current(notBefore: query.resourceVersion.isEmpty ? 0 : objects.position)
    try query.check(snapshot.version, ownEpoch: stream.state.epoch)
    let kind = stream.state.objects.resources.kind(of: path)
    let missing = path.name.map { name in
      HTTPResponse.failure(
        Status(code: 404, reason: "NotFound", message: "\(path.resource) \"\(name)\" not found"))
    }
    return SnapshotDocument(
      snapshot: snapshot, layout: path.name == nil ? .list(apiVersion: path.apiVersion, kind: kind) : .object,
      matcher: matcher, missing: missing, cancellation: cancellation
    ).reply(stream, to: identity, account: account, on: loop.loop)
  }

  /// A command that was started at the client's version prints lines for this client only.
  private func resumed(_ query: KubernetesWatchQuery, _ hub: Hub) throws(HTTPError) -> ListenRequest.Start {
    // A sequence of a stream that has since been re-created is meaningless.
    if let id = EventID(query.resourceVersion), hub.positions.upperBound > 0, hub.newestID.epoch != id.epoch {
      throw HTTPError(status: expiry(query, nil))
    }
    return .at(hub.positions.lowerBound == 0 ? .position(0) : hub.place(ofVersion: query.resourceVersion))
  }

  private func expiry(_ query: KubernetesWatchQuery, _ stream: EventStream?) -> Status {
    let remedy =
      stream.map { $0.state.snapshots == nil } ?? false
      ? "this server keeps no objects to list: watch without a resourceVersion, or start wfanout with --snapshot"
      : "list again"
    return .expired("too old resource version: \(query.resourceVersion); \(remedy)")
  }

  /// A version that is no longer available is refused with 410 before the stream begins, so that the client
  /// lists again.
  private func start(
    _ query: KubernetesWatchQuery, _ stream: EventStream, _ hub: Hub
  ) throws(HTTPError) -> ListenRequest.Start {
    let snapshots = stream.state.snapshots
    if query.sendsInitialEvents {
      guard let snapshots else {
        throw HTTPError(
          422, "Invalid",
          "sendInitialEvents: this server keeps no objects to send; start wfanout with --snapshot")
      }
      try query.check(snapshots.version, ownEpoch: stream.state.epoch)
      return .snapshot
    }
    if query.resourceVersion.isEmpty {
      return snapshots != nil && !query.omitsInitialEvents ? .snapshotWithoutEnd : .now
    }
    switch hub.place(ofVersion: query.resourceVersion) {
    case .reset:
      throw HTTPError(status: expiry(query, stream))
    case let point: return .at(point)
    }
  }
}
