// SPDX-License-Identifier: Apache-2.0

import JSON
import Process

/// Keeps the used-up tries of messages in a key-value bucket beside the stream.
///
/// The server's count of deliveries cannot be used: it includes deliveries to workers that were stopped,
/// restarted or killed, and NATS 2.9 forgets some. So each failure of a handler is recorded before the
/// message is given back, in the bucket `natswatch-tries`. It is created when a handler fails, or a message
/// is delivered again, for the first time. The next worker that gets the message reads the count. A worker
/// without these permissions counts only its own failures.
///
/// A key is `STREAM.DURABLE.CREATED.SEQUENCE`; with the consumer's time of creation, a durable that is deleted and
/// created again starts from zero.
struct TryCounts: Sendable {
  static let bucketStream = "KV_natswatch-tries"
  private static let subjectPrefix = "$KV.natswatch-tries"
  /// How long counts are kept: longer than all workers are usually stopped.
  private static let maximumAge: Duration = .seconds(7 * 86_400)

  private let keyPrefix: String
  private let replicas: Int
  /// The failures that this process knows of, by the message's sequence.
  private var own: [UInt64: UInt64] = [:]

  init(stream: String, durable: String, consumerEpoch: String, replicas: Int) {
    keyPrefix = "\(Self.subjectPrefix).\(stream).\(durable).\(consumerEpoch)"
    self.replicas = replicas
  }

  func subject(_ sequence: UInt64) -> String { "\(keyPrefix).\(sequence)" }

  /// Tries of a message that this process knows of.
  func known(_ sequence: UInt64) -> UInt64 { own[sequence] ?? 0 }

  /// Stores a count that was read from the bucket, or that includes a new failure.
  mutating func note(_ tries: UInt64, for sequence: UInt64) { own[sequence] = max(tries, known(sequence)) }

  /// Removes the count of a message that is finished.
  mutating func forget(_ sequence: UInt64) { own[sequence] = nil }

  /// The bucket's configuration, like that of NATS' key-value clients.
  var bucketConfiguration: [UInt8] {
    JSONWriter.object {
      $0.member("name", Self.bucketStream)
      $0.key("subjects")
      $0.array { $0.value("\(Self.subjectPrefix).>") }
      $0.member("max_msgs_per_subject", 1)
      $0.member("max_age", Self.maximumAge.nanoseconds)
      $0.member("num_replicas", replicas)
      $0.member("discard", "new")
      $0.member("allow_rollup_hdrs", true)
      $0.member("deny_delete", true)
      $0.member("allow_direct", true)
      $0.member("storage", "file")
      $0.member(
        "description", "Tries that natswatch work has counted, by stream, durable and sequence")
    }
  }

  /// Whether a denial concerns only the bucket, which is optional.
  static func concerns(denial: String) -> Bool {
    denial.contains(bucketStream) || denial.contains(subjectPrefix)
  }
}
