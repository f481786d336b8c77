// SPDX-License-Identifier: Apache-2.0

/// Asks one cluster for a sign of life when it has been silent for long.
///
/// Any answer is one, a refusal too: over HTTP/2 it has come by the very connection whose streams are silent. Over
/// HTTP/1.1 it proves the server and not the connection, which TCP's keep-alive and the watch's own end are left for.
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
    // Everybody may read this one, and it is small.
    guard let made = try? link.exchange("/version") else {
      // Credentials are on their way: whether the server lives cannot be asked now.
      return link.heartbeat.activity(at: now)
    }
    // An older one that was never answered, while other streams spoke.
    cancel(multi)
    made.onEnd = { [unowned self] ending in
      exchange = nil
      if ending == .complete { link.heartbeat.activity(at: MonotonicClock.now) }
    }
    exchange = made
    multi.start(made)
  }
}
