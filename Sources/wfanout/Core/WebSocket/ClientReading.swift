// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Process

/// Decides whether bytes are read from a WebSocket's client. Reading pauses
/// - while the client does not read, because responses would fill memory,
/// - after too many messages (`client-rate`),
/// - while one of its messages is handled elsewhere: a token by the validator, a costly message by a worker.
///
/// Confined to the channel's event loop.
final class ClientReading {
  private let channel: any Channel
  private let loopContext: LoopContext
  /// The rate limit for the client's messages; nil for none.
  private var allowance: RateLimiter?
  /// The end of the pause after too many messages.
  private var pause: Scheduled<Void>?
  private(set) var isReading = true
  private var isOver = false
  /// Call ``adjust()`` after a change.
  var isHeld = false

  init(_ channel: any Channel, loopContext: LoopContext) {
    self.channel = channel
    self.loopContext = loopContext
    allowance = loopContext.limits.messagesPerSecond.map {
      RateLimiter(rate: $0, burst: $0 * RequestRates.burstSeconds, now: loopContext.now)
    }
  }

  /// Counts a message. Call ``adjust()`` afterwards.
  ///
  /// - Returns: Whether to notify the client that it sends too many messages; true once per pause.
  func charge() -> Bool {
    guard let wait = allowance?.take(now: loopContext.now), wait > .zero else { return false }
    let isNew = pause == nil
    pause?.cancel()
    pause = channel.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(wait)) { [weak self] in
      self?.pause = nil
      self?.adjust()
    }
    return isNew
  }

  func adjust() {
    guard !isOver else { return }
    let mayRead = channel.isWritable && pause == nil && !isHeld
    guard mayRead != isReading else { return }
    isReading = mayRead
    channel.setOption(.autoRead, value: mayRead).whenFailure { _ in }
  }

  /// Reads until the client closes, without limits.
  func end() {
    isOver = true
    pause?.cancel()
  }
}
