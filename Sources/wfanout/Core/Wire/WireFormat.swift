// SPDX-License-Identifier: Apache-2.0

/// The encoding of events on one kind of connection. Each batch is encoded once per format in use.
struct WireFormat: Hashable, Sendable {
  enum Shape: Hashable, Sendable {
    /// `id:` and one `data:` field (WHATWG HTML, 9.2).
    case eventStream
    /// The lines themselves: NDJSON.
    case lines
    /// The lines as a Kubernetes watch, which knows fewer notices.
    case kubernetes
    /// One unmasked text frame a line (RFC 6455).
    case webSocketText
    /// One text frame an event, in the envelope of the `/ws` protocol.
    case webSocketEvent
    /// `event: watch` of one channel among several on a connection.
    case channelEvent(channel: String)
  }

  var shape: Shape
  /// HTTP/1.1's chunked transfer coding, one chunk an event (RFC 9112 section 7.1).
  var isChunked: Bool
  /// The binary logarithm of the window that WebSocket messages are compressed with (RFC 7692); nil for no
  /// compression.
  var windowBits: Int?

  var isWebSocket: Bool { shape == .webSocketText || shape == .webSocketEvent }

  /// Appends the event at `index` of `batch`, compressed if there is a `deflater`.
  func encode(_ batch: Batch, _ index: Int, with deflater: Deflater? = nil, into output: inout [UInt8]) {
    let line = batch.line(index)
    switch shape {
    case .eventStream:
      let id = batch.hasIDs ? "id: \(batch.ids[index])\n" : ""
      framed(id.utf8.count + line.count + 8, into: &output) { output in
        output.append(contentsOf: id.utf8)
        output.append(contentsOf: "data: ".utf8)
        output.append(contentsOf: batch.bytes[line])
        output.append(contentsOf: "\n\n".utf8)
      }
    case .lines, .kubernetes:
      framed(line.count + 1, into: &output) { output in
        output.append(contentsOf: batch.bytes[line.lowerBound...line.upperBound])
      }
    case .webSocketText:
      WebSocketFrame.append(.text, batch.bytes, line, with: deflater, into: &output)
    case .webSocketEvent:
      let payload = EventEnvelope.encode(batch, index)
      WebSocketFrame.append(.text, payload, payload.indices, with: deflater, into: &output)
    case .channelEvent(let channel):
      let payload = ChannelEnvelope.encode(batch, index, channel: channel)
      framed(payload.count + 21, into: &output) { output in
        output.append(contentsOf: "event: watch\ndata: ".utf8)
        output.append(contentsOf: payload)
        output.append(contentsOf: "\n\n".utf8)
      }
    }
  }

  /// Encodes a notice in this format.
  func encode(_ notice: Notice) -> [UInt8] {
    var output: [UInt8] = []
    switch shape {
    case .eventStream: wrap(notice.eventStreamField, into: &output)
    case .channelEvent(let channel): wrap(notice.channelField(channel), into: &output)
    case .lines: wrap(notice.line, into: &output)
    case .kubernetes: if let line = notice.kubernetesLine { wrap(line, into: &output) }
    case .webSocketText, .webSocketEvent: notice.appendFrame(isRaw: shape == .webSocketText, into: &output)
    }
    return output
  }

  /// Wraps encoded bytes in the framing of the transport.
  func wrap(_ payload: [UInt8], into output: inout [UInt8]) {
    guard !payload.isEmpty else { return }
    framed(payload.count, into: &output) { $0.append(contentsOf: payload) }
  }

  /// The bytes after the last event.
  var ending: [UInt8] { isChunked ? Array("0\r\n\r\n".utf8) : [] }

  private func framed(_ length: Int, into output: inout [UInt8], _ body: (inout [UInt8]) -> Void) {
    guard isChunked else {
      body(&output)
      return
    }
    output.append(contentsOf: String(length, radix: 16).utf8)
    output.append(contentsOf: "\r\n".utf8)
    body(&output)
    output.append(contentsOf: "\r\n".utf8)
  }
}
