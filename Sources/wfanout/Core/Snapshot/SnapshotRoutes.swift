// SPDX-License-Identifier: Apache-2.0
import Events
import NIOCore

/// `GET /snapshot`, `GET /snapshot/{key}`, and the same for each of the key `routes`.
struct SnapshotRoutes: Sendable {
  private let routes: [(path: String, matcher: (any LineMatcher)?)]
  private let store: SnapshotStore?

  /// - Throws: ``HTTPError`` for a filter that cannot be right.
  init(_ routes: [SnapshotRoute], store: SnapshotStore?, filters: FilterCompiler) throws(HTTPError) {
    self.store = store
    var compiled: [(String, (any LineMatcher)?)] = []
    for route in [.all] + routes {
      compiled.append((route.path, route.filter.isEmpty ? nil : try filters.compile(route.filter)))
    }
    self.routes = compiled
  }

  /// Nil for any other path.
  func route(
    _ request: HTTPRequest, _ filter: FilterMatcher?, _ stream: EventStream, _ identity: Identity?,
    on loop: any EventLoop
  ) throws(HTTPError) -> RouteResult? {
    guard let route = routes.first(where: { SnapshotRoutes.isBelow(request.path, $0.path) }) else {
      return nil
    }
    guard request.isRead else { return .response(.methodNotAllowed("GET, HEAD")) }
    guard let store else {
      throw SnapshotRoutes.notFound("this server keeps no objects; start wfanout with --snapshot")
    }
    let matcher = EveryMatcher([route.matcher, filter])
    let account = Router.account(identity, address: request.address)
    if request.path != route.path {
      let key = String(request.path.dropFirst(route.path.count + 1))
      let snapshot = store.current(key)
      return SnapshotDocument(
        snapshot: snapshot, layout: .object, matcher: matcher, headers: SnapshotRoutes.headers(snapshot.id),
        missing: SnapshotRoutes.notFound("\"\(key)\" not found").response, cancellation: request.cancellation
      ).reply(stream, to: identity, account: account, on: loop)
    }
    let snapshot = store.current()
    let headers = SnapshotRoutes.headers(snapshot.id)
    if request.hasCached("\"\(snapshot.id)\"") { return .response(.notModified(headers)) }
    let isLines = request.accepts("application/x-ndjson")
    return SnapshotDocument(
      snapshot: snapshot, layout: isLines ? .lines : .array, matcher: matcher,
      contentType: isLines ? "application/x-ndjson" : "application/json", headers: headers,
      cancellation: request.cancellation
    ).reply(stream, to: identity, account: account, on: loop)
  }

  /// `Last-Event-ID` is the position of the snapshot: a request to `/events` with it gets all later events.
  private static func headers(_ id: EventID) -> [(name: String, value: String)] {
    [("Last-Event-ID", "\(id)"), ("ETag", "\"\(id)\""), ("Cache-Control", "no-cache")]
  }

  private static func isBelow(_ path: String, _ route: String) -> Bool {
    path == route
      || (path.hasPrefix(route) && path.dropFirst(route.count).first == "/"
        && path.utf8.count > route.utf8.count + 1)
  }

  private static func notFound(_ message: String) -> HTTPError {
    HTTPError(404, "NotFound", message)
  }
}
