// SPDX-License-Identifier: Apache-2.0

import JSON
import Lines

/// Makes the line of a message for handlers of `--lines`, `--filter` and `--dry-run`, as `natswatch tail
/// --verbatim` prints it. For one thread.
final class LineMaker {
  private var encoder: EventEncoder
  private let payloadCopy = PaddedBytes()
  /// Collects the bytes of one line; it is never flushed.
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
      // Only a write can fail, and nothing is written.
    }
    return gatherer.takeBytes()
  }
}
