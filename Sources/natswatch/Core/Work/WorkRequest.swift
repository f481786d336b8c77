// SPDX-License-Identifier: Apache-2.0

/// A request in flight. Each kind may be repeated without harm.
struct WorkRequest {
  enum Purpose {
    case pull
    /// Checks whether work is left, and whether the consumer still exists.
    case consumerInfo
    case makeBucket
    /// Makes the bucket if it does not exist, and finds out whether it has entries.
    case checkBucket(Job)
    case readTries(Job)
    case recordTry(Job)
    case publishReply(Job)
    case publishLetter(Job)
    case settle(Job)
  }

  let purpose: Purpose
  let message: PublishWindow.Entry
  let began: Duration
  var sent: Duration
  var attempts = 1

  /// The time limit for a response, after which the request is repeated.
  var patience: Duration {
    switch purpose {
    case .settle: .seconds(2)
    default: .seconds(5)
    }
  }

  /// Whether the request ends with its connection.
  var isBoundToConnection: Bool {
    switch purpose {
    case .pull, .consumerInfo: true
    default: false
    }
  }
}
