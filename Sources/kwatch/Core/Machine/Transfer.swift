// SPDX-License-Identifier: Apache-2.0

/// One HTTP exchange, from its request on.
struct Transfer: Equatable {
  let id: TransferID
  var sentAt: Duration
  /// The time at which its 200 and its headers arrived.
  var openedAt: Duration?
  var lastActivity: Duration

  init(id: TransferID, sentAt: Duration) {
    (self.id, self.sentAt, lastActivity) = (id, sentAt, sentAt)
  }

  mutating func open(at now: Duration) { (openedAt, lastActivity) = (now, now) }

  /// The request has not been sent yet: its time limits begin when it is.
  mutating func postpone(to now: Duration) { (sentAt, lastActivity) = (now, now) }

  /// The reader of stdout was slow for this long: the server was not silent.
  mutating func excuse(_ pause: Duration, at now: Duration) {
    lastActivity = now
    if let openedAt { self.openedAt = openedAt + pause } else { sentAt += pause }
  }
}
