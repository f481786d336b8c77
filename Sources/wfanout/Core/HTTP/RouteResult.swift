// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// The response to a request, as a route decides it.
enum RouteResult: Sendable {
  case response(HTTPResponse)
  /// The decision needs other loops or servers. The future belongs to the connection's loop.
  case later(EventLoopFuture<RouteResult>)
  /// A response that continues.
  case listen(ListenPlan)
  /// A document that is sent in pages, as fast as the client reads.
  case document(DocumentPlan)
  case upgrade(UpgradePlan)
  case channels(clientID: String, identity: Identity?, registry: ChannelRegistry)

  /// The identity of the client of a stream.
  var identity: Identity? {
    switch self {
    case .response, .later: nil
    case .listen(let plan): plan.identity
    case .document(let plan): plan.identity
    case .upgrade(let plan): plan.identity
    case .channels(_, let identity, _): identity
    }
  }
}

/// The plan of a listener: its stream, wire format and start position.
struct ListenPlan: Sendable {
  var stream: EventStream
  var shape: WireFormat.Shape
  var contentType: String
  var start: ListenRequest.Start
  var matcher: (any LineMatcher)?
  /// Where the listener continues after this stream has ended.
  var continuation: SourceReplay.Continuation?
  /// The response ends after this many seconds.
  var timeoutSeconds: Int?
  /// Whether bookmarks are sent to a Kubernetes client while the stream is quiet.
  var sendsBookmarks = false
  /// The client's identity, if tokens are required.
  var identity: Identity?
}

/// The plan of a WebSocket connection.
struct UpgradePlan: Sendable {
  var mode: WebSocketConnection.Mode
  var headers: [(name: String, value: String)]
  var stream: EventStream
  var start: ListenRequest.Start = .now
  var matcher: (any LineMatcher)?
  var identity: Identity?
  /// The negotiated compression; nil for none.
  var compression: MessageCompression?

  var format: WireFormat {
    let shape: WireFormat.Shape = mode == .raw ? .webSocketText : .webSocketEvent
    return WireFormat(shape: shape, isChunked: false, windowBits: compression?.windowBits)
  }
}
