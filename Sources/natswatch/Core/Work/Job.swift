// SPDX-License-Identifier: Apache-2.0

/// A message that this process holds, from its delivery until the server knows what became of it. One thread.
final class Job {
  enum Phase {
    /// The tries that it has used up are being read, before it is handled or after it failed.
    case readingTries(after: Failure?)
    /// Ready for a handler.
    case waiting
    /// Another message with the same id is being handled.
    case heldAsDuplicate
    case handling
    /// Handled; lines of the handler are being published.
    case replying(unacknowledged: Int)
    /// The handler failed; its failure is being recorded.
    case recordingTry(delay: Duration)
    case burying(DeadLetter, DeadLetter.Form)
    /// The acknowledgement is on its way to the server.
    case settling
  }

  struct Failure {
    var reason: String
    /// No other try will find the message better (EX_DATAERR).
    var isFinal = false
  }

  var delivery: Delivery
  var phase = Phase.waiting
  /// Tries used up: handlers that ran and failed.
  var tries: UInt64 = 0
  /// Whether the tries of other processes are among them.
  var isCounted = false
  /// What `--dedupe` compares.
  var identifier: [UInt8]?
  /// The time of the last in-progress acknowledgement.
  var lastSign: Duration

  init(_ delivery: Delivery, now: Duration) {
    self.delivery = delivery
    lastSign = now
  }

  var sequence: UInt64 { delivery.sequence }
  /// The number of the try that is under way, or comes next.
  var attempt: UInt64 { tries + 1 }
}
