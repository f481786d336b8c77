// SPDX-License-Identifier: Apache-2.0
import Events
import NIOCore
import NIOPosix

/// `GET /snapshot`, `GET /snapshot/{key}`, and the same for each of the key `routes`.
struct SnapshotRoutes: Sendable {
  private let routes: [(path: String, matcher: (any LineMatcher)?)]
  private let store: SnapshotStore?
  private let filters: FilterCompiler

  /// - Throws: ``Refusal`` for a filter that cannot be right.
  init(_ routes: [SnapshotRoute], store: SnapshotStore?, filters: FilterCompiler) throws(Refusal) {
    self.store = store
    self.filters = filters
    var compiled: [(String, (any LineMatcher)?)] = []
    for route in [.all] + routes { compiled.append((route.path, try filters.matcher(route.filter))) }
    self.routes = compiled
  }

  /// Nil for a path that is none of these.
  func route(_ request: Request, on loop: LoopContext) throws(Refusal) -> Reply? {
    guard let route = routes.first(where: { SnapshotRoutes.isBelow(request.path, $0.path) }) else {
      return nil
    }
    guard request.method == "GET" || request.method == "HEAD" else {
      return .answer(.methodNotAllowed("GET, HEAD"))
    }
    guard let store else {
      throw SnapshotRoutes.notFound("nothing is kept to show here; start wfanout with --snapshot")
    }
    let matchers = [route.matcher, try filters.matcher(FilterRequest(request))].compactMap(\.self)
    if request.path != route.path {
      let key = String(request.path.dropFirst(route.path.count + 1))
      let view = SnapshotView(store.current(key), matchers: matchers)
      guard let object = view.objects.first else { throw SnapshotRoutes.notFound("\"\(key)\" not found") }
      return .answer(view.answer(object + [UInt8(ascii: "\n")]))
    }
    let snapshot = store.current()
    if request.header("if-none-match") == "\"\(snapshot.id)\"" {
      return .answer(.notModified(SnapshotView.headers(snapshot.id)))
    }
    let isLines = request.accepts("application/x-ndjson")
    // There may be many: the loop has listeners to serve.
    return .later(
      NIOThreadPool.singleton.runIfActive(eventLoop: loop.loop) {
        let view = SnapshotView(snapshot, matchers: matchers)
        return .answer(isLines ? view.lines : view.array)
      })
  }

  private static func isBelow(_ path: String, _ route: String) -> Bool {
    path == route
      || (path.hasPrefix(route) && path.dropFirst(route.count).first == "/"
        && path.utf8.count > route.utf8.count + 1)
  }

  private static func notFound(_ message: String) -> Refusal {
    Refusal(status: Status(code: 404, reason: "NotFound", message: message))
  }
}
