// SPDX-License-Identifier: Apache-2.0

/// Decides when a long wait is reported: after some seconds, then each minute. Pure.
package struct WaitReport: Sendable {
  private let delay: Duration
  /// The time since which there is a reason to wait; nil while there is none.
  package private(set) var since: Duration?
  private var next = Duration.zero

  /// The wait begins at `since`, or with the first call of ``isDue(_:)``.
  package init(after delay: Duration, since: Duration? = nil) {
    self.delay = delay
    if let since { begin(since) }
  }

  private mutating func begin(_ now: Duration) { (since, next) = (now, now + delay) }

  /// The wait continues. Returns whether to report it now.
  package mutating func isDue(_ now: Duration) -> Bool {
    if since == nil { begin(now) }
    guard now >= next else { return false }
    next = now + .seconds(60)
    return true
  }

  /// The wait is over.
  package mutating func end() { since = nil }
}
