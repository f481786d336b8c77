// SPDX-License-Identifier: Apache-2.0

/// A message of the hub to a client that is not an event of the stream.
enum Notice: Sendable, Equatable {
  /// Continuity is lost; a snapshot follows, if there is one, then new events.
  case reset(ResetReason)
  /// This many events were dropped because the listener was too slow.
  case gap(dropped: Int)
  /// The snapshot is complete; events after `id` follow.
  case snapshotEnd(id: EventID)
  /// The connection ends; reconnect after this time.
  case disconnect(reason: DisconnectReason, reconnectAfterMilliseconds: Int)
  /// The listener has received everything up to this event; nil if that is not known.
  case heartbeat(EventID?)
  /// The stream begins, after this event.
  case start(EventID?, retryMilliseconds: Int)

  /// As fields of an event stream. Fields without `data:` are not an event: a browser stores the id and
  /// dispatches nothing.
  var eventStreamField: [UInt8] {
    switch self {
    case .heartbeat(let id): Array(":\n\(Notice.field(id))\n".utf8)
    case .start(let id, let milliseconds): Array("retry: \(milliseconds)\n\(Notice.field(id))\n".utf8)
    case .reset: Array("event: reset\ndata: \(json)\n\n".utf8)
    case .gap: Array("event: gap\ndata: \(json)\n\n".utf8)
    case .snapshotEnd(let id): Array("event: snapshot-end\nid: \(id)\ndata: \(json)\n\n".utf8)
    case .disconnect(_, let milliseconds):
      Array("event: disconnect\nretry: \(milliseconds)\ndata: \(json)\n\n".utf8)
    }
  }

  /// As a line of NDJSON or of a Kubernetes watch; a heartbeat is an empty line, which both skip.
  var line: [UInt8] {
    switch self {
    case .heartbeat: [UInt8(ascii: "\n")]
    case .start: []
    case .reset, .gap, .snapshotEnd, .disconnect: Array("\(json)\n".utf8)
    }
  }

  private static func field(_ id: EventID?) -> String { id.map { "id: \($0)\n" } ?? "" }

  /// As a line of a Kubernetes watch; nil for notices without one. A disconnect is the end of the response,
  /// which clients expect at any time.
  var kubernetesLine: [UInt8]? {
    switch self {
    case .reset, .snapshotEnd: line
    case .gap, .disconnect, .heartbeat, .start: nil
    }
  }

  /// As WebSocket frames; a heartbeat is a ping frame.
  ///
  /// - Parameters:
  ///   - isRaw: whether the notice is sent as the line of NDJSON, without the `/ws` protocol.
  ///   - output: the buffer to append to.
  func appendFrame(isRaw: Bool, into output: inout [UInt8]) {
    switch self {
    case .heartbeat: return WebSocketFrame.appendHeader(opcode: .ping, length: 0, into: &output)
    case .start: return
    case .reset, .gap, .snapshotEnd, .disconnect: break
    }
    let text = Array((isRaw ? json : protocolMessage).utf8)
    WebSocketFrame.appendHeader(opcode: .text, length: text.count, into: &output)
    output.append(contentsOf: text)
  }

  private var json: String {
    switch self {
    case .reset(let reason):
      #"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#
        + #""message":"\#(reason.sentence)","reason":"Expired","code":410}}"#
    case .gap(let dropped):
      #"{"type":"STATUS","object":{"tool":"wfanout","mode":"streaming","health":"degraded","#
        + #""reason":"backpressure","dropped":\#(dropped)}}"#
    case .snapshotEnd(let id):
      #"{"type":"BOOKMARK","object":{"kind":"Bookmark","apiVersion":"watchutils/v1","metadata":{"#
        + #""resourceVersion":"\#(id)","annotations":{"k8s.io/initial-events-end":"true"}}}}"#
    case .disconnect(let reason, let milliseconds):
      #"{"type":"STATUS","object":{"tool":"wfanout","mode":"streaming","health":"unhealthy","#
        + #""reason":"disconnect","message":"\#(reason.rawValue)","reconnectAfterMilliseconds":\#(milliseconds)}}"#
    case .heartbeat, .start: ""
    }
  }

  /// In the protocol of `/ws`.
  private var protocolMessage: String {
    switch self {
    case .reset(let reason):
      #"{"type":"reset","reason":"\#(reason.rawValue)","message":"\#(reason.sentence)"}"#
    case .gap(let dropped):
      #"{"type":"error","code":"QUEUE_FULL","message":"\#(dropped) events dropped: the client reads too slowly","#
        + #""dropped":\#(dropped)}"#
    case .snapshotEnd(let id): #"{"type":"snapshot_end","event_id":"\#(id)"}"#
    case .disconnect(let reason, let milliseconds):
      #"{"type":"disconnect","reason":"\#(reason.rawValue)","reconnect_after_ms":\#(milliseconds)}"#
    case .heartbeat, .start: ""
    }
  }
}

extension ResetReason {
  fileprivate var sentence: String {
    switch self {
    case .unknown: "the event to resume after is not known here"
    case .expired: "the event to resume after is too old"
    }
  }
}
