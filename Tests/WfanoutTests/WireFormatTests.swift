// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct WireFormatTests {
  func encode(_ line: String, _ shape: WireFormat.Shape, isChunked: Bool = false) -> String {
    var batch = Batch(firstPosition: 6)
    batch.append(Array(line.utf8))
    batch.seal(epoch: 5)
    var bytes: [UInt8] = []
    WireFormat(shape: shape, isChunked: isChunked).encode(batch, 0, into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func eventStreamHasIDAndOneDataField() {
    #expect(encode(#"{"a":1}"#, .eventStream) == "id: 5-7\ndata: {\"a\":1}\n\n")
  }

  @Test(arguments: [WireFormat.Shape.eventStream, .lines, .channelEvent(channel: "c")])
  func chunksHaveTheirLength(shape: WireFormat.Shape) throws {
    let line = #"{"type":"ADDED","object":{"é":1}}"#
    let plain = encode(line, shape)
    let chunked = encode(line, shape, isChunked: true)
    #expect(chunked == "\(String(plain.utf8.count, radix: 16))\r\n\(plain)\r\n")
  }

  @Test func aTextFrameIsTheLine() {
    var batch = Batch(firstPosition: 0)
    batch.append(Array("{}".utf8))
    batch.seal(epoch: 5)
    var bytes: [UInt8] = []
    WireFormat(shape: .webSocketText, isChunked: false).encode(batch, 0, into: &bytes)
    #expect(bytes == [0x81, 2] + Array("{}".utf8))
  }

  @Test(arguments: [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)])
  func frameHeadersHaveTheShortestLength(length: Int, size: Int) {
    var header: [UInt8] = []
    WebSocketFrame.appendHeader(opcode: .binary, length: length, into: &header)
    #expect(header.count == size)
    #expect(header[0] == 0x82)
    #expect(header[1] & 0x80 == 0)
  }

  @Test func linesWithAnEventTypeBecomeEvents() {
    #expect(
      encode(#"{"event_type":"ALERT_FIRED","type":"x","cluster_id":"c","payload":{"a":1}}"#, .webSocketEvent)
        .hasSuffix(
          #"{"type":"event","event_id":"5-7","event_type":"ALERT_FIRED","cluster_id":"c","payload":{"a":1}}"#)
    )
    #expect(
      encode(#"{"event_id":"evt_1","event_type":"X"}"#, .webSocketEvent).hasSuffix(
        #"{"type":"event","event_id":"evt_1","event_type":"X","resume_id":"5-7"}"#))
  }

  @Test func watchEventsAndOtherLinesAreWrapped() {
    #expect(
      encode(#"{"type":"ADDED","object":{}}"#, .webSocketEvent).hasSuffix(
        #"{"type":"event","event_id":"5-7","event_type":"RESOURCE_ADDED","payload":{"type":"ADDED","object":{}}}"#
      ))
    #expect(
      encode("plain \"text\"", .webSocketEvent).hasSuffix(
        #""event_type":"MESSAGE","payload":"plain \"text\""}"#))
  }

  /// None of these lines is a place to resume after.
  @Test(arguments: [pod("a"), #"{"event_type":"T"}"#, #"{"type":"ERROR","object":{}}"#])
  func eventsOfASnapshotHaveNoIDs(line: String) {
    var batch = Batch(firstPosition: 0, hasIDs: false)
    batch.append(line.utf8)
    batch.seal(epoch: 5)
    #expect(!String(decoding: EventEnvelope.encode(batch, 0), as: UTF8.self).contains("_id"))
  }

  @Test func channelEventsNameTheirChannel() {
    #expect(
      encode(pod("a", version: 4), .channelEvent(channel: "pods::p:::")).hasPrefix(
        #"event: watch"# + "\n" + #"data: {"channel":"pods::p:::","type":"ADDED","object":{"#))
    #expect(
      encode(pod("a", version: 4), .channelEvent(channel: "c")).hasSuffix(
        #","resourceVersion":"4"}"# + "\n\n"))
  }

  @Test func disconnectsNameTheReconnectTime() {
    let notice = Notice.disconnect(reason: .serverShutdown, reconnectAfterMilliseconds: 5000)
    #expect(
      String(decoding: notice.eventStreamField, as: UTF8.self).hasPrefix(
        "event: disconnect\nretry: 5000\ndata: {"))
    var frame: [UInt8] = []
    notice.appendFrame(isRaw: false, into: &frame)
    #expect(
      String(decoding: frame, as: UTF8.self).hasSuffix(
        #"{"type":"disconnect","reason":"server_shutdown","reconnect_after_ms":5000}"#))
  }

  @Test func gapsAreCounted() {
    var frame: [UInt8] = []
    Notice.gap(dropped: 150).appendFrame(isRaw: false, into: &frame)
    #expect(String(decoding: frame, as: UTF8.self).contains(#""code":"QUEUE_FULL""#))
    #expect(String(decoding: frame, as: UTF8.self).hasSuffix(#""dropped":150}"#))
  }

  @Test func heartbeatsAreNotEvents() {
    #expect(Notice.heartbeat(nil).eventStreamField == Array(":\n\n".utf8))
    let id = EventID(epoch: 5, sequence: 7)
    #expect(Notice.heartbeat(id).eventStreamField == Array(":\nid: 5-7\n\n".utf8))
    #expect(Notice.heartbeat(id).line == Array("\n".utf8))
  }
}
