// SPDX-License-Identifier: Apache-2.0
import Glibc
package import Process

/// `--metrics ADDR` of the tools that have no event loop: one thread, one request at a time.
///
/// Serves `GET` and `HEAD` of `/metrics`. Each connection is closed after its response, and after two seconds
/// in any case, so that a stuck scraper can delay only the next scrape. The thread ends with the process.
package final class MetricsServer: Sendable {
  /// The address in force, the kernel's choice of port included.
  package let address: ListenAddress
  private let descriptor: Int32
  private let registry: Registry

  /// Binds and starts to answer.
  ///
  /// - Parameters:
  ///   - text: as `--metrics` got it: `:PORT`, `HOST:PORT`, `[IPv6]:PORT` or `unix:PATH`.
  ///   - registry: what to show.
  /// - Throws: when it is not an address, or cannot be bound.
  package init(address text: String, registry: Registry) throws(MetricsServerError) {
    guard let wanted = ListenAddress(text) else {
      throw MetricsServerError(
        code: .address,
        description: "serve metrics on '\(text)': not an address; give \(ListenAddress.remedy(for: text))")
    }
    (self.descriptor, self.address) = try ListeningSocket.open(wanted)
    self.registry = registry
    startThread { self.run() }
  }

  private func run() {
    while true {
      let connection = accept(descriptor, nil, nil)
      if connection < 0 {
        // There may be no descriptors left. The data path matters more than a scrape, so wait and try again.
        if errno != EINTR && errno != ECONNABORTED { usleep(100_000) }
        continue
      }
      _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
      answer(connection)
      close(connection)
    }
  }

  private static let patience = Duration.seconds(2)

  private func answer(_ connection: Int32) {
    let deadline = ContinuousClock.now + Self.patience
    var request = ScrapeRequest()
    var buffer = [UInt8](repeating: 0, count: 2048)
    while !request.isComplete {
      guard Self.wait(for: POLLIN, on: connection, until: deadline) else { return }
      let count = unsafe recv(connection, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count > 0 else { return }
      request.feed(buffer[..<count])
    }
    let response = request.response { registry.exposition() }
    var sent = 0
    while sent < response.count {
      guard Self.wait(for: POLLOUT, on: connection, until: deadline) else { return }
      let count = unsafe response.withUnsafeBytes { bytes in
        unsafe send(
          connection, bytes.baseAddress?.advanced(by: sent), bytes.count - sent,
          Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count > 0 else { return }
      sent += count
    }
    shutdown(connection, CInt(SHUT_WR))
  }

  /// Whether the connection was ready in time. An interrupted wait counts as ready, because the next call
  /// then reports that it is not.
  private static func wait(for event: Int32, on connection: Int32, until deadline: ContinuousClock.Instant)
    -> Bool
  {
    let left = (deadline - .now) / .milliseconds(1)
    guard left > 0 else { return false }
    var descriptor = pollfd(fd: connection, events: Int16(event), revents: 0)
    return unsafe poll(&descriptor, 1, Int32(left)) != 0
  }
}
