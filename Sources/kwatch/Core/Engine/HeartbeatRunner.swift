// SPDX-License-Identifier: Apache-2.0

/// Sends a small request to a cluster that has been silent for long.
///
/// Any response will do, even a refusal: over HTTP/2 it uses the same connection as the silent streams. Over
/// HTTP/1.1 it proves that the server lives, but not the connection; TCP's keep-alive and the watch's own
/// time-out cover that.
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
      // Credentials are being fetched: the server cannot be asked now.
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
