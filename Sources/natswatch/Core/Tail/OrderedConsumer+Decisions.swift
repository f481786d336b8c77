// SPDX-License-Identifier: Apache-2.0

/// What an ``OrderedConsumer`` is asked for, and what it decides.
extension OrderedConsumer {
  package enum Start: Sendable, Equatable {
    case newOnly
    /// After this sequence, like a resourceVersion.
    case after(UInt64)
    /// From this time on, in nanoseconds since 1970.
    case since(Int64)
    case all
    case last
    case lastPerSubject
  }

  /// The start of the next consumer.
  package enum Delivery: Sendable, Equatable {
    case sequence(UInt64)
    case time(Int64)
    case last
    case lastPerSubject
    case all
  }

  enum Plan: Sendable, Equatable {
    case create(Delivery)
    /// Request the stream's information again later: a new leader may not have caught up.
    case lookAgain
    case gone(Gone)
  }

  enum Verdict: Sendable, Equatable {
    case proceed
    /// The stream ends before the frontier, or a consumer has passed over messages: a new leader may still catch up, so
    /// create another consumer later.
    case lookAgain
    case gone(Gone)
  }

  enum Action: Sendable, Equatable {
    /// Write the message.
    case deliver
    /// The message was written before, or there is nothing to write.
    case skip
    /// A look at the stream has to prove continuity first: ``prove(_:before:now:)``, then ask again.
    case prove
    /// The consumer is no longer reliable: create another one.
    case recreate(String)
  }
}
