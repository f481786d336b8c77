// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Tells the service manager how things stand, as sd_notify(3) does: one datagram to `$NOTIFY_SOCKET`.
///
/// The protocol is stable by systemd's word and needs no library. Without the variable nothing is sent.
package struct ServiceNotifier: Sendable {
  private let path: String?

  /// How often the manager wants to hear ``alive()``, from `$WATCHDOG_USEC`: half of what it allows.
  package let watchdogInterval: Duration?

  /// - Parameter environment: gives the values of variables; tests put their own.
  package init(environment: (String) -> String? = ProcessEnvironment.value) {
    path = environment("NOTIFY_SOCKET").flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    watchdogInterval = environment("WATCHDOG_USEC").flatMap(Int64.init).map { .microseconds($0 / 2) }
  }

  /// The first list, subscription or socket is there. Says so once the tool really works, not when it starts.
  package func ready(_ status: String = "") { send("READY=1\nSTATUS=\(status)") }

  /// The loop that does the work has come round.
  package func alive() { send("WATCHDOG=1") }

  /// The tool ends of its own accord.
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
