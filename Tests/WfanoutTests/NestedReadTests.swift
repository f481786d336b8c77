// SPDX-License-Identifier: Apache-2.0
import Metrics
import NIOCore
import NIOEmbedded
import Testing

@testable import WfanoutCore

/// A channel may read while it is being written to. Then the next message arrives before the response to the
/// previous one is complete.
struct NestedReadTests {
  /// Passes on one more buffer during each write.
  private final class NestedReader: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    var next: [ByteBuffer] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
      context.write(data, promise: promise)
      guard !next.isEmpty else { return }
      context.fireChannelRead(wrapInboundOut(next.removeFirst()))
    }
  }

  private func connection(on channel: EmbeddedChannel) -> WebSocketConnection {
    let metrics = ServerMetrics(Registry())
    let loop = channel.embeddedEventLoop
    let state = StreamState(
      epoch: 1, counters: metrics.stream, objects: SnapshotStore(epoch: 1, keyLimit: 1, isFromStart: false),
      workers: Workers(count: 1, budget: .seconds(1)))
    let stream = EventStream(
      name: "test", loops: [DeliveryLoop(loop)], state: state, ringLimit: 1 << 20,
      rule: OverflowRule(policy: .dropOldest))
    let loopContext = LoopContext(
      loop: loop, index: 0, limits: ConnectionLimits(), counters: metrics.server,
      admission: Admission(clientLimit: 10, socketLimit: 10, acceptedLimit: 10))
    let format = WireFormat(shape: .webSocketEvent, isChunked: false)
    return WebSocketConnection(
      Client(channel, format: format, loopContext: loopContext),
      mode: .session(needsToken: false, isKnown: false), isCompressed: false, stream: stream, knownTypes: nil,
      catchUp: nil)
  }

  @Test func messagesThatArriveDuringAResponseAreAnsweredInOrder() throws {
    let channel = EmbeddedChannel()
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    let reader = NestedReader()
    let connection = connection(on: channel)
    try channel.pipeline.syncOperations.addHandlers([reader, connection])
    connection.begin(.now, nil)
    channel.embeddedEventLoop.run()
    let messages = (1...4).map { number in
      ByteBuffer(
        bytes: WebSocketDecoderTests.frame(1, Array(#"{"type":"ping","timestamp":\#(number)}"#.utf8)))
    }
    // The second buffer ends in the middle of a message, so the decoder must keep its state.
    var (second, rest) = (messages[1], messages[1])
    second = second.getSlice(at: 0, length: 7) ?? second
    rest = rest.getSlice(at: 7, length: rest.readableBytes - 7) ?? rest
    reader.next = [second, rest, messages[2], messages[3]]
    var first = messages[0]
    var extra = messages[0]
    first.writeBuffer(&extra)
    try channel.writeInbound(first)
    var sent = ""
    while let buffer = try channel.readOutbound(as: ByteBuffer.self) { sent += String(buffer: buffer) }
    let stamps = sent.matches(of: /"timestamp":(\d)/).map { $0.1 }
    #expect(stamps == ["1", "1", "2", "3", "4"])
    _ = try channel.finish(acceptAlreadyClosed: true)
  }
}
