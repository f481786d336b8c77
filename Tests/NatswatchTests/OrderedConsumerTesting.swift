// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NatswatchCore

/// What a server tells an ordered consumer.
protocol OrderedConsumerTesting {}

extension OrderedConsumerTesting {
  func stream(
    first: UInt64, last: UInt64, created: String = "2026-01-01T00:00:00Z", deleted: UInt64 = 0,
    list: [UInt64]? = nil, replicas: Int? = nil
  ) -> StreamInfo {
    var info = StreamInfo(
      config: .init(name: "S", subjects: ["a.>"]), created: created,
      state: .init(
        messages: last + 1 - first - deleted, first_seq: first, last_seq: last, num_deleted: deleted,
        deleted: list))
    info.config.num_replicas = replicas
    return info
  }

  func consumer(at sequence: UInt64, pending: UInt64 = 0) -> ConsumerInfo {
    ConsumerInfo(name: "c", config: .init(), delivered: sequence, num_pending: pending)
  }

  func message(_ sequence: UInt64, _ consumerSequence: UInt64, pending: UInt64 = 0)
    -> DeliveryMetadata
  {
    DeliveryMetadata(
      deliveries: 1, streamSequence: sequence, consumerSequence: consumerSequence, time: 0, pending: pending)
  }

  /// A machine that has read a stream of 1...10 up to `sequence`.
  func following(
    _ sequence: UInt64, coversStream: Bool = true, strict: Bool = false, pending: UInt64 = 0,
    replicas: Int? = nil, deleted: UInt64 = 0
  ) -> OrderedConsumer {
    var machine = OrderedConsumer(start: .after(sequence), coversStream: coversStream, isStrict: strict)
    let info = stream(first: 1, last: 10, deleted: deleted, replicas: replicas)
    #expect(machine.plan(info, now: .zero) == .create(.sequence(sequence + 1)))
    #expect(machine.created(consumer(at: sequence, pending: pending), info, now: .zero) == .proceed)
    return machine
  }
}
