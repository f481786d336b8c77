// SPDX-License-Identifier: Apache-2.0

import Encoding
import Testing

@testable import NatswatchCore

@Suite struct DeliveryMetadataTests {
  private func metadata(_ text: String) -> DeliveryMetadata? {
    var text = text
    return text.withUTF8 { bytes in unsafe DeliveryMetadata(reply: bytes) }
  }

  @Test func readsBothForms() throws {
    let short = try #require(metadata("$JS.ACK.S.c.3.17.5.1700000000000000000.9"))
    #expect(short.deliveries == 3 && short.streamSequence == 17 && short.consumerSequence == 5)
    #expect(short.time == 1_700_000_000_000_000_000 && short.pending == 9)
    #expect(metadata("$JS.ACK._.HASH.S.c.3.17.5.1700000000000000000.9") == short)
    #expect(metadata("$JS.ACK.hub.HASH.S.c.3.17.5.1700000000000000000.9.tokn") == short)
  }

  /// Digits are read eight at a time, then four, then one by one.
  @Test func readsNumbersOfAnyLength() throws {
    var reader = DeliveryMetadataReader(consumer: "c")
    var numbers: [UInt64] = [0, .max]
    for _ in 0..<19 {
      numbers.append(contentsOf: [numbers[numbers.count - 2] * 10 + 7, .random(in: 0...(.max))])
    }
    for (index, number) in numbers.enumerated() {
      let stream = index < 20 ? "S" : "OTHER"
      var text = "$JS.ACK.\(stream).c.1.\(number).\(index).1700000000123456789.\(number)"
      let read = try #require(text.withUTF8 { unsafe reader.read($0) })
      #expect(read == metadata(text), "\(text)")
      #expect(
        read.streamSequence == number && read.pending == number && read.consumerSequence == UInt64(index))
      #expect(read.time == 1_700_000_000_123_456_789)
    }
  }

  /// A late message of a replaced consumer does not belong to its successor.
  @Test func readsOneConsumersMessages() {
    var reader = DeliveryMetadataReader(consumer: "new")
    for (consumer, isRead) in [("old", false), ("new", true), ("old", false), ("anew", false), ("new", true)]
    {
      var text = "$JS.ACK.S.\(consumer).1.7.1.1700000000123456789.0"
      let read = text.withUTF8 { unsafe reader.read($0) }
      #expect((read != nil) == isRead, "\(consumer)")
    }
  }

  @Test(arguments: [
    "", "$JS.FC.S.c.x", "$JS.ACK.S.c.3.17.5.17", "$JS.ACK.S.c.a.17.5.1.9", "_INBOX.x.y",
    "$JS.ACK.S.c..17.5.1.9",
    "$JS.ACK.S.c.3.17.5.1.9.2",
  ]) func refusesOtherReplySubjects(_ text: String) { #expect(metadata(text) == nil) }
}

@Suite struct RFC3339Tests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0), ("2026-11-21T08:00:00.5Z", 1_795_248_000_500_000_000),
    ("2026-11-21T09:00:00+01:00", 1_795_248_000_000_000_000),
    ("2000-02-29T23:59:59.999999999Z", 951_868_799_999_999_999),
    ("1969-12-31T23:59:59.9Z", -100_000_000),
  ]) func readsTimes(_ text: String, _ nanoseconds: Int64) {
    #expect(RFC3339.nanoseconds(text) == nanoseconds)
  }

  @Test(arguments: [
    "", "yesterday", "2026-11-21", "2026-13-01T00:00:00Z", "2026-11-21T08:00:00", "2026-11-21T08:00:00.Z",
  ])
  func refusesOthers(_ text: String) { #expect(RFC3339.nanoseconds(text) == nil) }

  @Test func writesWhatItReads() {
    for nanoseconds: Int64 in [
      0, -1, 1_795_248_000_500_000_001, 951_868_799_999_999_999, -100_000_000, 4_102_444_800_000_000_000,
    ] {
      #expect(RFC3339.nanoseconds(RFC3339.text(nanoseconds: nanoseconds)) == nanoseconds)
    }
    #expect(RFC3339.text(nanoseconds: 1_795_248_000_000_000_007) == "2026-11-21T08:00:00.000000007Z")
  }
}

@Suite struct NKeyTests {
  @Test func derivesThePublicKey() {
    // A key pair from the nkeys documentation in nats-server's tests.
    #expect(
      NKey.seed("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY").flatMap(NKey.publicKey)
        == "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4")
  }

  @Test(arguments: [
    "", "SU", "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4",
    "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VX",
  ]) func refusesOthers(_ seed: String) {
    #expect(NKey.seed(seed) == nil)
  }
}
