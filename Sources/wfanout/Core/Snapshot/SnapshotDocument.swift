// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// A snapshot as a whole response: `/snapshot`, or a Kubernetes list.
struct SnapshotDocument: Sendable {
  var snapshot: Snapshot
  var layout: SnapshotLayout
  var matcher: (any LineMatcher)?
  var contentType = "application/json"
  var headers: [(name: String, value: String)] = []
  /// The response if no object matches; nil for an empty document.
  var missing: HTTPResponse?
  /// Of the request.
  var cancellation: Cancellation
}

/// A document of more than one page, and its progress; it is sent as fast as the client reads.
struct DocumentPlan: Sendable {
  var document: SnapshotDocument
  var stream: EventStream
  var identity: Identity?
  var firstPage: SnapshotPage
}

extension SnapshotDocument {
  /// Makes the first page on a worker; a document of one page is an answer with its length.
  func reply(
    _ stream: EventStream, to identity: Identity?, account: String, on loop: any EventLoop
  ) -> RouteResult {
    let promise = loop.makePromise(of: RouteResult.self)
    let work = PageWork(
      PageWork.Order(layout: layout, matcher: matcher, snapshot: snapshot, cancellation: cancellation)
    ) { page in
      guard let page else { return promise.fail(ChannelError.ioOnClosedChannel) }
      promise.succeed(self.reply(page, stream, identity))
    }
    stream.state.workers.submit(work, account: account, meter: CPUMeter())
    return .later(promise.futureResult)
  }

  private func reply(_ page: SnapshotPage, _ stream: EventStream, _ identity: Identity?) -> RouteResult {
    guard page.next >= snapshot.lines.count else {
      return .document(DocumentPlan(document: self, stream: stream, identity: identity, firstPage: page))
    }
    if page.written == 0, let missing { return .response(missing) }
    return .response(
      HTTPResponse(200, type: contentType, body: Array(page.bytes.readableBytesView), headers: headers))
  }
}

/// Matches a line that all of several matchers match. For snapshots only, since it ignores an object's
/// previous state.
struct EveryMatcher: LineMatcher {
  private let matchers: [any LineMatcher]

  /// Nil for none.
  init?(_ matchers: [(any LineMatcher)?]) {
    self.matchers = matchers.compactMap(\.self)
    if self.matchers.isEmpty { return nil }
  }

  var key: String { matchers.map(\.key).joined(separator: " & ") }

  func matches(_ batch: Batch, _ index: Int) -> Bool { matchers.allSatisfy { $0.matches(batch, index) } }
}
