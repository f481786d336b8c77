// SPDX-License-Identifier: Apache-2.0
internal import CProcess
internal import Glibc

/// Returns memory to the system after a peak, because glibc keeps freed memory (malloc_trim(3)).
package struct FreedMemory: Sendable {
  private var schedule = TrimSchedule()

  package init() {}

  /// Call this every few seconds, on a thread that may take some milliseconds.
  package mutating func check() {
    let before = FreedMemory.resident
    guard schedule.isDue(resident: before) else { return }
    cprocess_trim_memory()
    schedule.trimmed(from: before, to: FreedMemory.resident)
  }

  /// The resident bytes, from proc(5).
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

/// Decides when memory is returned: after a peak, and then ever more rarely, because memory that was in use the
/// last time may have been freed since.
struct TrimSchedule: Sendable {
  /// Resident memory at the last check.
  private var last = 0
  private var lowest = Int.max
  /// Resident memory after the last trim.
  private var kept = 0
  /// The number of checks to skip, and how many were skipped before the last trim.
  private var pause = 0
  private var wait = 1

  /// The minimum growth that is worth a malloc_trim(3).
  static let slack = 32 << 20
  private static let longestWait = 64

  /// Whether to trim now. Not while memory grows.
  mutating func isDue(resident: Int) -> Bool {
    defer { last = resident }
    lowest = min(lowest, resident)
    guard resident > lowest + TrimSchedule.slack, resident <= last + last / 16 else { return false }
    if resident <= kept + TrimSchedule.slack, pause > 0 {
      pause -= 1
      return false
    }
    return true
  }

  mutating func trimmed(from before: Int, to after: Int) {
    wait = before - after > TrimSchedule.slack / 4 ? 1 : min(2 * wait, TrimSchedule.longestWait)
    (kept, pause) = (after, wait)
  }
}
