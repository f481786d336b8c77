// SPDX-License-Identifier: Apache-2.0

/// Sends a small request to a cluster that has been silent for too long.
///
/// Any response proves that the server is alive, even a refusal. Over HTTP/2 it uses the same connection as
/// the silent streams. Over HTTP/1.1 it uses another one; there TCP keep-alive and the time-out of the watch
/// detect a dead connection.
final class HeartbeatRunner {
  let link: ClusterLink
  private var exchange: Exchange?

  init(_ link: ClusterLink) { self.link = link }

  var deadline: Duration { link.heartbeat.deadline }

  /// `isWaiting`: a watch of this cluster is open.
  func timer(_ now: Duration, isWaiting: Bool, _ multi: CurlMulti) -> Heartbeat.Action {
    let action = link.heartbeat.timer(now, isWaiting: isWaiting)
    switch action {
    case .none: break
    case .ask: ask(now, multi)
    case .giveUp:
      cancel(multi)
    }
    return action
  }

  private func cancel(_ multi: CurlMulti) {
    if let exchange { multi.cancel(exchange, discarding: true) }
    exchange = nil
  }

  private func ask(_ now: Duration, _ multi: CurlMulti) {
    // Every user may read this path, and the answer is small.
    guard let made = try? link.exchange("/version") else {
      // Credentials are being fetched: no request can be sent now.
      return link.heartbeat.activity(at: now)
    }
    // An older request that was never answered, while other streams received data.
    cancel(multi)
    made.onEnd = { [unowned self] ending in
      exchange = nil
      if ending == .complete { link.heartbeat.activity(at: MonotonicClock.now) }
    }
    exchange = made
    multi.start(made)
  }
}
