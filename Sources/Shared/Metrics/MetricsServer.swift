// SPDX-License-Identifier: Apache-2.0
import Glibc
package import Pipe

/// `--metrics ADDR` of the tools that have no event loop: one thread, one request at a time.
///
/// Answers `GET` and `HEAD` of `/metrics`; each connection is closed after its answer and given two seconds in all, so that a
/// stuck scraper can only hold up the next scrape. The thread ends with the process.
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
  /// - Throws: when it is no address, or cannot be bound.
  package init(address text: String, registry: Registry) throws(MetricsServerError) {
    guard let wanted = ListenAddress(text) else {
      throw MetricsServerError(
        code: .address,
        description:
          "serve metrics on '\(text)': not an address; give :PORT, HOST:PORT, [IPv6]:PORT or unix:PATH")
    }
    (self.descriptor, self.address) = try ListeningSocket.open(wanted)
    self.registry = registry
    startThread { self.run() }
  }

  private func run() {
    while true {
      let connection = accept(descriptor, nil, nil)
      if connection < 0 {
        // Out of descriptors, say: the data path matters more than a scrape, so wait and try again.
        if errno != EINTR && errno != ECONNABORTED { usleep(100_000) }
        continue
      }
      _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
      answer(connection)
      close(connection)
    }
  }

  private func answer(_ connection: Int32) {
    var limit = timeval(tv_sec: 2, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      unsafe setsockopt(connection, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    var request = ScrapeRequest()
    var buffer = [UInt8](repeating: 0, count: 2048)
    while !request.isComplete {
      let count = unsafe recv(connection, &buffer, buffer.count, 0)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      request.feed(buffer[..<count])
    }
    let response = request.response { registry.exposition() }
    var sent = 0
    while sent < response.count {
      let count = unsafe response.withUnsafeBytes { bytes in
        unsafe send(
          connection, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      sent += count
    }
    shutdown(connection, CInt(SHUT_WR))
  }
}
