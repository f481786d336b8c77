// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Reports the state of the service to its manager, as sd_notify(3) does: one datagram to `$NOTIFY_SOCKET`.
///
/// systemd guarantees that the protocol is stable, so it needs no library. Without the variable nothing is sent.
package struct ServiceNotifier: Sendable {
  private let path: String?

  /// The interval for ``alive()``: half of the time-out in `$WATCHDOG_USEC`.
  package let watchdogInterval: Duration?

  /// - Parameter environment: gives the values of variables.
  package init(environment: (String) -> String? = ProcessEnvironment.value) {
    path = environment("NOTIFY_SOCKET").flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    watchdogInterval = environment("WATCHDOG_USEC").flatMap(Int64.init).map { .microseconds($0 / 2) }
  }

  /// Reports READY=1: call it after the first successful list, subscription or bind, not at the start.
  package func ready(_ status: String = "") { send("READY=1\nSTATUS=\(status)") }

  /// Reports WATCHDOG=1: call it from the loop that does the work.
  package func alive() { send("WATCHDOG=1") }

  /// Reports STOPPING=1: the tool ends by its own decision.
  package func stopping() { send("STOPPING=1") }

  private func send(_ message: String) {
    guard let path else { return }
    let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return }
    defer { close(socket) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var name = Array(path.utf8)
    if name[0] == UInt8(ascii: "@") { name[0] = 0 }  // the abstract namespace
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
    let text = Array(message.utf8)
    unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe _ = sendto(socket, text, text.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }
}
