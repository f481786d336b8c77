import Encoding
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

/// Random input from untrusted clients. It must not trap, and the result must not depend on how the bytes are
/// split.
struct RandomInputTests {
  /// SplitMix64, so that a failure can be repeated.
  struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  /// A valid input with a few bytes changed, dropped or doubled.
  func mutate(_ bytes: [UInt8], _ generator: inout Generator) -> [UInt8] {
    var mutated = bytes
    for _ in 0..<Int.random(in: 0...4, using: &generator) where !mutated.isEmpty {
      let index = Int.random(in: 0..<mutated.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: mutated[index] = UInt8.random(in: 0...255, using: &generator)
      case 1: mutated.remove(at: index)
      default: mutated.insert(mutated[index], at: index)
      }
    }
    return mutated
  }

  @Test func framesDecodeTheSameAtAnySplit() {
    var generator = Generator(state: 1)
    let good =
      WebSocketDecoderTests.frame(1, Array("hé€ ".utf8), isFinal: false) + WebSocketDecoderTests.frame(9, [1])
      + WebSocketDecoderTests.frame(0, Array("x".utf8))
      + WebSocketDecoderTests.frame(2, [UInt8](repeating: 5, count: 200))
      + WebSocketDecoderTests.frame(8, [0x03, 0xE8])
    for _ in 0..<3000 {
      let bytes = mutate(good, &generator)
      let cut = Int.random(in: 0...bytes.count, using: &generator)
      let whole = WebSocketDecoderTests.decode([bytes], limit: 300)
      #expect(
        WebSocketDecoderTests.decode([Array(bytes[..<cut]), Array(bytes[cut...])], limit: 300) == whole)
      #expect(WebSocketDecoderTests.decode(bytes.map { [$0] }, limit: 300) == whole)
    }
  }

  @Test func sessionsSurviveEveryMessage() {
    var generator = Generator(state: 2)
    let messages = [
      #"{"type":"subscribe","subscription":{"event_types":["A","B"],"cluster_filter":["c"],"namespace_filter":[]}}"#,
      #"{"type":"unsubscribe","event_types":["A"]}"#, #"{"type":"ping","timestamp":"2024"}"#,
      #"{"type":"resume","last_event_id":"1-2"}"#, #"{"type":"auth","token":"\u00e9\ud83c\udf89"}"#,
    ].map { Array($0.utf8) }
    var session = SocketSession(clientID: "c", needsToken: false)
    for _ in 0..<5000 {
      let message = mutate(messages.randomElement(using: &generator) ?? [], &generator)
      #expect(!session.receive(message, now: Timestamp(nanoseconds: 0)).isEmpty)
    }
  }

  @Test func requestsSurviveEveryTarget() {
    var generator = Generator(state: 3)
    let targets = [
      "/apis/g/v1/namespaces/n/pods/x?watch=1&resourceVersion=1-2&timeoutSeconds=3&labelSelector=a%3Db",
      "/events?filter=type%20%3D%3D%20%22A%22&lastEventId=%zz&type=A,B", "/api/v1/pods?%",
    ].map { Array($0.utf8) }
    for _ in 0..<5000 {
      let target = String(
        decoding: mutate(targets.randomElement(using: &generator) ?? [], &generator), as: UTF8.self)
      let request = HTTPRequest(
        method: "GET", target: target, headers: [("Accept", target), ("Cookie", target)])
      _ = KubernetesPath(request.path)
      _ = try? KubernetesWatchQuery(request)
      _ = ListenRequest(request)
      _ = request.accepts("a/b")
      _ = EventID(target)
      _ = try? UpstreamTemplate(target)
    }
  }

  @Test func linesSurviveEveryEncoding() {
    var generator = Generator(state: 4)
    let lines = [
      message(7), pod("a"), #"{"event_type":"T","event_id":"e","payload":{"labels":{"namespace":"n"}}}"#,
    ].map { Array($0.utf8) }
    let shapes: [WireFormat.Shape] = [
      .eventStream, .lines, .webSocketText, .webSocketEvent, .channelEvent(channel: "c\""),
    ]
    for _ in 0..<3000 {
      var batch = Batch(firstPosition: 0)
      let mutated = mutate(lines.randomElement(using: &generator) ?? [], &generator)
      batch.append(mutated.filter { $0 != 0x0A })
      batch.seal(epoch: 1)
      guard batch.count == 1 else { continue }
      for shape in shapes {
        var bytes: [UInt8] = []
        WireFormat(shape: shape, isChunked: false).encode(batch, 0, into: &bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        if shape == .eventStream {
          #expect(text.split(separator: "\n").count <= 2, "a line became two fields")
        }
      }
      _ = SnapshotKey(batch, 0)
      _ = SnapshotKey.added(batch, 0)
    }
  }
}
