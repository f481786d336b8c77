// SPDX-License-Identifier: Apache-2.0
import JSON
import Process

/// Fetches whole documents from one cluster, a few at a time, and passes each to the runner that requested
/// it.
final class DocumentRequests {
  typealias Answer = Result<[UInt8], ScopeError>

  private let link: ClusterLink
  /// The maximum time without received bytes.
  private let patience: Duration
  private unowned let host: any RunnerHost
  private var queue: [(path: String, accept: String)] = []
  private var open: [ObjectIdentifier: Exchange] = [:]
  private let answered: (String, Answer) -> Void

  /// Over HTTP/1.1 each request takes a connection.
  private static let openLimit = 8
  /// The largest clusters' documents have a few megabytes.
  private static let sizeLimit = 64 << 20

  init(
    _ link: ClusterLink, patience: Duration, host: any RunnerHost,
    answered: @escaping (String, Answer) -> Void
  ) {
    self.link = link
    self.patience = patience
    self.host = host
    self.answered = answered
  }

  var isIdle: Bool { queue.isEmpty && open.isEmpty }
  /// A request is under way.
  var isWaiting: Bool { !open.isEmpty }

  func get(_ paths: [String], accept: String = "application/json") { queue += paths.map { ($0, accept) } }

  func removeWaiting() { queue = [] }

  /// Starts the waiting requests, unless credentials are being fetched.
  ///
  /// - Throws: `ConfigError` if the credentials cannot be fetched. The queue is unchanged.
  func pump() throws(ConfigError) {
    while open.count < Self.openLimit, let (path, accept) = queue.first {
      guard let exchange = try link.exchange(path, accept: accept, compressed: true) else { return }
      queue.removeFirst()
      exchange.limitSilence(patience)
      attach(exchange, path)
      open[ObjectIdentifier(exchange)] = exchange
      host.start(exchange)
    }
  }

  private func attach(_ exchange: Exchange, _ path: String) {
    var body: [UInt8] = []
    var isTooLong = false
    exchange.onBytes = { chunk in
      // A few compressed kilobytes can expand to any size.
      isTooLong = body.count + chunk.count > Self.sizeLimit
      if !isTooLong { body += chunk.bytes(0..<chunk.count) }
      return !isTooLong
    }
    exchange.onEnd = { [unowned self, unowned exchange] ending in
      open[ObjectIdentifier(exchange)] = nil
      host.disturb()
      let what = "GET \(path) (\(link.label))"
      switch ending {
      case _ where isTooLong:
        let fault = "the response is larger than \(Self.sizeLimit >> 20) MiB"
        answered(path, .failure(ScopeError(kind: .garbage, message: "\(what): \(fault)")))
      case .broken(let message):
        answered(path, .failure(ScopeError(kind: .transport, message: "\(what): \(message)")))
      case .untrusted(let message):
        // The message is about the server and not the document, so that several documents give one message.
        answered(path, .failure(ScopeError(kind: .untrusted, message: "\(message) (\(link.label))")))
      case .complete where exchange.status == 200: answered(path, .success(body))
      case .complete: answered(path, .failure(ServerAnswer.failure(exchange, what)))
      }
    }
  }
}
