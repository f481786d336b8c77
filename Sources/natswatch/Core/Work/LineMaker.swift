// SPDX-License-Identifier: Apache-2.0

import JSON
import Lines

/// Makes the line of a message that a handler of `--lines`, `--filter` and `--dry-run` see: the one of
/// `natswatch tail --verbatim`. One thread.
final class LineMaker {
  private var encoder: EventEncoder
  private let payloadCopy = PaddedBytes()
  /// Gathers the bytes of one line; nothing is written.
  private let gatherer = OutputWriter(descriptor: -1)

  init(_ queue: WorkQueue) {
    encoder = EventEncoder(form: .verbatim)
    encoder.setStream(queue.stream, epoch: queue.epoch)
  }

  /// The line with its newline.
  func line(of delivery: Delivery) -> [UInt8] {
    let subject = Array(delivery.subject.utf8)
    do throws(OutputError) {
      try unsafe delivery.payload.withUnsafeBufferPointer { (payload) throws(OutputError) in
        try unsafe subject.withUnsafeBufferPointer { (subject) throws(OutputError) in
          _ = try unsafe encoder.encode(
            payload: payloadCopy.copy(payload), subject: subject, headers: delivery.headers,
            delivery.metadata,
            to: gatherer)
        }
      }
    } catch {
      // Only a write fails, and there is none.
    }
    return gatherer.takeBytes()
  }
}
