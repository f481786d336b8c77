// SPDX-License-Identifier: Apache-2.0

/// A message that this process holds, from its delivery until the server has confirmed its result. One
/// thread.
final class Job {
  enum Phase {
    /// Its used-up tries are being read, before it is handled or after it failed.
    case readingTries(after: Failure?)
    /// Ready for a handler.
    case waiting
    /// Another message with the same id is being handled.
    case heldAsDuplicate
    case handling
    /// Handled; the handler's output is being published.
    case replying(unacknowledged: Int)
    /// The handler failed; its failure is being recorded.
    case recordingTry(delay: Duration)
    case burying(DeadLetter, DeadLetter.Form)
    /// The acknowledgement is on its way to the server.
    case settling
  }

  struct Failure {
    var reason: String
    /// Whether a further try is useless (EX_DATAERR).
    var isFinal = false
  }

  var delivery: Delivery
  var phase = Phase.waiting
  /// The number of tries used up: handlers that ran and failed.
  var tries: UInt64 = 0
  /// Whether it includes the tries of other processes.
  var isCounted = false
  /// The value that `--dedupe` compares.
  var identifier: [UInt8]?
  /// The time of the last in-progress acknowledgement.
  var lastSign: Duration

  init(_ delivery: Delivery, now: Duration) {
    self.delivery = delivery
    lastSign = now
  }

  var sequence: UInt64 { delivery.sequence }
  /// The number of the current or next try.
  var attempt: UInt64 { tries + 1 }
}
