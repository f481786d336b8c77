// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Lines
import TestSupport
import Testing

@testable import NatswatchCore

/// `tail | publish --unwrap` restores every payload byte for byte.
@Suite(.timeLimit(.minutes(ContinuityTests.isSoak ? 30 : 5))) struct RoundTripTests {
  static let isSoak = ProcessInfo.processInfo.environment["WATCHUTILS_SOAK"] != nil

  @Test(arguments: [EventEncoder.Form.event, .verbatim]) func payloadsComeBack(_ form: EventEncoder.Form) {
    let seed = UInt64.random(in: 0..<1_000_000)
    var random = SeededGenerator(seed: seed)
    var encoder = EventEncoder(form: form)
    encoder.setStream("S", epoch: "1")
    let output = OutputWriter(descriptor: -1)
    var scanner = PayloadScanner()
    let copy = PaddedBytes()
    for number in 1...UInt64(Self.isSoak ? 100_000 : 5_000) {
      let payload = RandomMessage.payload(&random)
      let headers = RandomMessage.headers(&random)
      let metadata = DeliveryMetadata(
        deliveries: 1, streamSequence: number, consumerSequence: number, time: 0, pending: 0)
      let line = encode(&encoder, payload, headers, metadata, output, copy)
      let unwrapped = unsafe line.withUnsafeBufferPointer { bytes in
        let padded = unsafe copy.copy(UnsafeBufferPointer(rebasing: bytes.dropLast()))
        unsafe scanner.scan(padded)
        return unsafe UnwrappedLine(padded, scanner)
      }
      guard unwrapped.payload == payload else {
        Issue.record(
          "seed \(seed), message \(number): \(String(decoding: payload, as: UTF8.self)) came back as \(String(decoding: unwrapped.payload, as: UTF8.self)); line \(String(decoding: line, as: UTF8.self))"
        )
        return
      }
      let expected = headers.filter { !$0.name.hasPrefix("Nats-") }.flatMap { header in
        header.values.map { PublishWindow.Header(name: header.name, value: $0) }
      }
      #expect(unwrapped.headers == expected, "seed \(seed), message \(number)")
      #expect(
        unwrapped.identifier == headers.first { $0.name == "Nats-Msg-Id" }?.values.first?.text
          ?? "S.1.\(number)",
        "seed \(seed), message \(number)")
    }
  }

  private func encode(
    _ encoder: inout EventEncoder, _ payload: [UInt8], _ headers: EventEncoder.Headers,
    _ metadata: DeliveryMetadata, _ output: OutputWriter, _ copy: PaddedBytes
  ) -> [UInt8] {
    _ = unsafe payload.withUnsafeBufferPointer { payload in
      unsafe Array("a.b".utf8).withUnsafeBufferPointer { subject in
        unsafe try? encoder.encode(
          payload: copy.copy(payload), subject: subject, headers: headers, metadata, to: output)
      }
    }
    return output.takeBytes()
  }

  /// The copy of a stream through a pipe has the same payloads, subjects, headers and ids.
  @Test(arguments: NATSServer.Version.installed) func streamsAreCopied(_ version: NATSServer.Version) throws {
    let bed = try Bed(version)
    try bed.createStream("FROM", ["from.>"])
    try bed.createStream("TO", ["to.>"])
    let seed = UInt64.random(in: 0..<1_000_000)
    print("round trip on \(version): seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let count = Self.isSoak ? 100_000 : 2_000
    for number in 1...count {
      var entry = PublishWindow.Entry(
        subject: "from.\(number % 7)", payload: RandomMessage.payload(&random), identifier: "")
      for header in RandomMessage.headers(&random) where header.name != "Nats-Msg-Id" {
        entry.headers += header.values.map { PublishWindow.Header(name: header.name, value: $0) }
      }
      if number % 3 == 0 { entry.identifier = "own-\(number)" }
      try bed.jetStream.connection.publish(entry, reply: "nobody")
      guard number % 1_000 == 0 else { continue }
      // New servers drop unacknowledged messages beyond the stream's queue.
      bed.jetStream.connection.flush(milliseconds: 5_000)
      try eventually("\(number) are stored", within: .seconds(60)) {
        try bed.info("FROM").state.messages == UInt64(number)
      }
    }
    let pipe = try Tool.shell(
      "natswatch 'from.>' --all --until-now | natswatch publish 'to.{source.subject>}' --unwrap",
      environment: bed.environment)
    let outcome = try pipe.waitForEnd(.seconds(Self.isSoak ? 600 : 120))
    #expect(outcome.status == 0, "\(outcome)")
    let originals = try bed.stored(in: "FROM")
    let copies = try bed.stored(in: "TO")
    #expect(originals.count == count && copies.count == count, "\(originals.count), \(copies.count)")
    for (original, copied) in zip(originals, copies) where !Self.isCopy(copied, of: original) {
      Issue.record("seed \(seed): \(original) came back as \(copied)")
      return
    }
  }

  private static func isCopy(_ copied: Delivery, of original: Delivery) -> Bool {
    let identifier = original.header("Nats-Msg-Id")
    let others = { (delivery: Delivery) in
      delivery.headers.filter { $0.name != "Nats-Msg-Id" }.map { ($0.name, $0.values) }
    }
    return copied.payload == original.payload && copied.subject == "to." + original.subject
      && (identifier == nil || identifier == copied.header("Nats-Msg-Id"))
      && others(original).elementsEqual(others(copied), by: ==)
  }
}

/// Payloads and headers of every kind that a stream may hold.
enum RandomMessage {
  static func payload(_ random: inout SeededGenerator) -> [UInt8] {
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      return (0..<Int.random(in: 0..<40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
      }
    case 1: return Array(text(&random).utf8)
    case 2: return Array(value(&random, depth: 0).utf8)
    case 3...5: return Array(spaced(object(&random), &random).utf8)
    default: return Array(spaced(event(&random), &random).utf8)
    }
  }

  static func headers(_ random: inout SeededGenerator) -> EventEncoder.Headers {
    let names = ["X-A", "x-a", "Content-Type", "Nats-Msg-Id", "Natswatch-Error", "Ü"].filter { _ in
      Int.random(in: 0..<4, using: &random) == 0
    }
    return names.sorted().map { name in
      let count = name == "Nats-Msg-Id" ? 1 : Int.random(in: 1...3, using: &random)
      let values = (0..<count).map { _ -> HeaderValue in
        // Values may have any bytes, such as Latin-1.
        if name != "Nats-Msg-Id", Int.random(in: 0..<8, using: &random) == 0 {
          return HeaderValue([0x76, 0xE9, 0xFF, 0x80] as [UInt8])
        }
        // libnats takes the next line for an empty value.
        return name != "Nats-Msg-Id" && Int.random(in: 0..<4, using: &random) == 0
          ? "" : HeaderValue("v" + word(&random) + "\"\\:é")
      }
      return (name, values)
    }
  }

  private static func word(_ random: inout SeededGenerator) -> String {
    String(UInt16.random(in: 0...999, using: &random))
  }

  private static func text(_ random: inout SeededGenerator) -> String {
    let pieces = [
      "hello", "é", "\u{1F600}", "\n", "\r\n", "\"", "\\", "\u{1}", " ", "{", "\t", "\u{7f}", "\0",
    ]
    return (0..<Int.random(in: 0..<6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
      .joined()
  }

  private static func value(_ random: inout SeededGenerator, depth: Int) -> String {
    switch Int.random(in: 0..<(depth > 2 ? 6 : 8), using: &random) {
    case 0: return ["null", "true", "false"].randomElement(using: &random) ?? "null"
    case 1:
      return ["0", "-1.5e+10", "12345678901234567890123", "1E400", "0.10"].randomElement(using: &random)
        ?? "0"
    case 2: return #""\u00e9\/\n\"""#
    case 3: return "\"\(word(&random))\""
    case 4: return "\"é\u{1F600}\""
    case 5: return word(&random).drop { $0 == "0" }.isEmpty ? "7" : "1\(word(&random))"
    case 6:
      return
        "[\((0..<Int.random(in: 0..<3, using: &random)).map { _ in value(&random, depth: depth + 1) }.joined(separator: ","))]"
    default: return "{\"k\":\(value(&random, depth: depth + 1)),\"k\":1}"
    }
  }

  private static func object(_ random: inout SeededGenerator) -> String {
    var members: [String] = []
    for _ in 0..<Int.random(in: 0..<4, using: &random) {
      switch Int.random(in: 0..<6, using: &random) {
      case 0: members.append("\"metadata\":{\"name\":\"x\",\"resourceVersion\":\(value(&random, depth: 3))}")
      case 1: members.append("\"metadata\":{\"resourceVersion\":\"\(word(&random))\"}")
      case 2:
        members.append(
          "\"metadata\":\(["{}", "{ }", "{\"name\":\"y\"}", "3"].randomElement(using: &random) ?? "3")")
      case 3: members.append("\"data_base64\":\"aGk=\"")
      case 4: members.append("\"data\":\(value(&random, depth: 1))")
      default: members.append("\"\(word(&random))\":\(value(&random, depth: 1))")
      }
    }
    return "{\(members.joined(separator: ","))}"
  }

  private static func event(_ random: inout SeededGenerator) -> String {
    let types = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "STATUS", "METRICS", "OTHER"]
    var members = [
      "\"type\":\"\(types.randomElement(using: &random) ?? "ADDED")\"", "\"object\":\(object(&random))",
    ]
    if Bool.random(using: &random) { members.append("\"source\":\(value(&random, depth: 1))") }
    if Bool.random(using: &random) { members.append("\"extra\":\(value(&random, depth: 1))") }
    if Int.random(in: 0..<4, using: &random) == 0 { members.shuffle(using: &random) }
    if Int.random(in: 0..<8, using: &random) == 0 { members.append("\"source\":{\"second\":1}") }
    return "{\(members.joined(separator: ","))}"
  }

  /// Sometimes adds white space, including line breaks, around and between the tokens.
  private static func spaced(_ json: String, _ random: inout SeededGenerator) -> String {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: json.replacingOccurrences(of: ",\"", with: " ,\n \"")
    case 1: "  \(json)\r\n"
    case 2: json.replacingOccurrences(of: ":{", with: ": {")
    default: json
    }
  }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
