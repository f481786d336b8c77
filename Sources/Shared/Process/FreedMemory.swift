// SPDX-License-Identifier: Apache-2.0
internal import CProcess
internal import Glibc

/// Returns memory to the system after a peak, because glibc keeps freed memory (malloc_trim(3)).
package struct FreedMemory: Sendable {
  private var last = 0
  private var lowest = Int.max

  /// Memory above the lowest that is not worth the time.
  private static let slack = 32 << 20

  package init() {}

  /// To be called every few seconds, on a thread that may take some milliseconds. Acts when more is resident
  /// than after the last time and nothing grows any more.
  package mutating func check() {
    let resident = FreedMemory.resident
    defer { last = resident }
    lowest = min(lowest, resident)
    guard resident > lowest + FreedMemory.slack, resident <= last + last / 16 else { return }
    cprocess_trim_memory()
    // What is still there is in use.
    lowest = FreedMemory.resident
  }

  /// Bytes in memory, by proc(5).
  private static var resident: Int {
    let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = unsafe read(descriptor, &bytes, bytes.count)
    let fields = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
