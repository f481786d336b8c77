// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Process

extension Connection {
  /// One request and its answer, waiting in small steps so that a denial, a lost connection and a request to end are
  /// seen at once: of these, libnats' own request would show nothing but a time-out.
  ///
  /// - Parameters:
  ///   - what: How messages call the request.
  ///   - timeout: How long the answer may take.
  ///   - shutdown: Where given, a request to end ends the wait.
  ///   - everyTick: Called some twenty times a second while waiting.
  ///   - send: Publishes the request; the answer is to go to the inbox it is given.
  /// - Returns: The answer's payload.
  /// - Throws: `unavailable`, `noPermission`, `interrupted`, and what `send` throws.
  func roundTrip(
    _ what: String, timeout: Duration, shutdown: Shutdown?, everyTick: () -> Void = {},
    send: (String) throws(NATSError) -> Void
  ) throws(NATSError) -> Data {
    let inbox = newInbox()
    let subscription = try subscribe(inbox)
    defer { subscription.end() }
    let denialsBefore = state.denials
    let started = ContinuousClock.now
    try send(inbox)
    while true {
      switch subscription.next(milliseconds: 50) {
      case .message(let message): return unsafe Data(message.payload)
      case .noResponders:
        throw NATSError(.unavailable, "\(what): nobody answers: no such stream, or no leader now")
      case .ended: throw NATSError(.unavailable, "\(what): the connection was closed")
      case .timedOut: break
      }
      everyTick()
      let state = state
      if state.denials != denialsBefore {
        throw NATSError(.noPermission, "\(what): the server does not allow it: \(state.denial ?? "")")
      }
      if let reason = state.closedReason {
        throw NATSError(
          state.isAuthenticationLost ? .noPermission : .unavailable, "\(what): connection closed: \(reason)")
      }
      if !state.isConnected {
        throw NATSError(.unavailable, "\(what): connection lost: \(state.disconnectReason)")
      }
      if shutdown?.cause != nil { throw NATSError(.interrupted, "\(what): interrupted") }
      if ContinuousClock.now - started > timeout {
        throw NATSError(.unavailable, "\(what): no answer within \(DurationText.print(timeout))")
      }
    }
  }
}
