// SPDX-License-Identifier: Apache-2.0
import Events
import NIOCore
import NIOPosix

/// `GET /api…` and `/apis…`: lists, objects and watches out of a stream of watch events.
struct KubernetesRoutes: Sendable {
  let services: Services
  let identity: Identity?

  func route(_ request: Request, _ path: KubernetesPath, on loop: LoopContext) throws(Refusal) -> Reply {
    guard request.method == "GET" else { return .answer(.methodNotAllowed("GET")) }
    let query = try KubernetesWatchQuery(request)
    let filter = try services.filters.matcher(query.filter)
    var stream = services.stream
    if let pool = services.channels?.pool {
      guard query.isWatch else { throw unlistable }
      stream = try pool.acquire(
        ChannelRequest(path, query.filter), identity: identity?.name ?? "",
        listener: "\(loop.index)-\(loop.nextNumber())"
      ).stream
    }
    let matcher = KubernetesMatcher(
      path: path, allowsBookmarks: query.allowsBookmarks, checksPath: services.channels == nil,
      filter: query.isWatch ? filter?.tracking(stream.state.objects) : filter)
    guard query.isWatch else { return try list(path, matcher, on: loop) }
    return .listen(
      ListenPlan(
        stream: stream, shape: .kubernetes, contentType: "application/json",
        start: try start(query, stream, stream.hubs[loop.index]), matcher: matcher,
        timeoutSeconds: query.timeoutSeconds, sendsBookmarks: query.allowsBookmarks,
        expires: identity?.expires))
  }

  private func list(
    _ path: KubernetesPath, _ matcher: KubernetesMatcher, on loop: LoopContext
  ) throws(Refusal) -> Reply {
    guard let snapshot = services.stream.state.snapshots?.current() else {
      throw Refusal(
        status: Status(
          code: 405, reason: "MethodNotAllowed",
          message: "nothing is kept to list; start wfanout with --snapshot"))
    }
    // There may be many: the loop has listeners to serve.
    return .later(
      NIOThreadPool.singleton.runIfActive(eventLoop: loop.loop) {
        .answer(
          path.name == nil
            ? KubernetesList.list(snapshot, path: path, matcher: matcher)
            : KubernetesList.object(snapshot, path: path, matcher: matcher))
      })
  }

  private var unlistable: Refusal {
    Refusal(
      status: Status(
        code: 405, reason: "MethodNotAllowed",
        message: services.channels == nil
          ? "nothing is kept to list; start wfanout with --snapshot" : "only watches here: list at the source"
      ))
  }

  /// What is gone is refused with 410 before the stream begins, so that the client lists again.
  private func start(
    _ query: KubernetesWatchQuery, _ stream: EventStream, _ hub: Hub
  ) throws(Refusal) -> ListenRequest.Start {
    let hasSnapshot = stream.state.snapshots != nil
    if query.sendsInitialEvents {
      guard hasSnapshot else {
        throw Refusal(
          status: Status(
            code: 422, reason: "Invalid",
            message: "sendInitialEvents: nothing is kept to send; start wfanout with --snapshot"))
      }
      return .snapshot
    }
    if query.resourceVersion.isEmpty { return hasSnapshot ? .snapshotWithoutEnd : .now }
    switch hub.place(ofVersion: query.resourceVersion) {
    case .reset:
      throw Refusal(
        status: .expired("too old resource version: \(query.resourceVersion); list again"))
    case let point: return .at(point)
    }
  }
}
