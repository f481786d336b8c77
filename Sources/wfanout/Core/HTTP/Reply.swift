// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// What a route decides to do with a request.
enum Reply: Sendable {
  case answer(Answer)
  /// What other loops or servers have to be asked for first. Of the connection's loop.
  case later(EventLoopFuture<Reply>)
  /// A response that continues.
  case listen(ListenPlan)
  /// A document that is sent as the client takes it.
  case document(DocumentPlan)
  case upgrade(UpgradePlan)
  case channels(clientID: String, identity: Identity?, registry: ChannelRegistry)
}

/// A listener to be: its stream, its wire format, and where it begins.
struct ListenPlan: Sendable {
  var stream: EventStream
  var shape: WireFormat.Shape
  var contentType: String
  var start: ListenRequest.Start
  var matcher: (any LineMatcher)?
  /// Where it continues after a stream that ends.
  var continuation: SourceReplay.Continuation?
  /// Ends the response by itself after so long.
  var timeoutSeconds: Int?
  /// Tells a quiet Kubernetes client now and then where the stream is.
  var sendsBookmarks = false
  /// The client's identity, if tokens are required.
  var identity: Identity?
}

/// A WebSocket to be.
struct UpgradePlan: Sendable {
  var mode: WebSocketConnection.Mode
  var headers: [(name: String, value: String)]
  var stream: EventStream
  var start: ListenRequest.Start = .now
  var matcher: (any LineMatcher)?
  var identity: Identity?
  /// As it was agreed on; nil sends and takes messages as they are.
  var compression: MessageCompression?
}
