// SPDX-License-Identifier: Apache-2.0

/// Estimates how many messages fit into memory, so that large ones are pulled in small batches. Pure.
struct MessageSizes: Sendable {
  /// How many bytes of messages are held for each job.
  private static let bytesPerJob = 8 << 20
  /// Until the first message has shown its size, a batch holds few.
  private var mean = 128 << 10

  /// Takes the size of a message into account. A larger one counts at once, a smaller one gradually.
  mutating func note(_ bytes: Int) {
    mean = bytes > mean ? bytes : mean - (mean - bytes) / 8
  }

  /// The number of messages that may be held.
  func limit(jobs: Int) -> Int { max(1, Self.bytesPerJob / max(mean, 1)) * jobs }
}
