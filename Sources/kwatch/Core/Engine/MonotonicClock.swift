// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Time for the state machines: since boot, and unaffected by changes of the wall clock. It continues while
/// the machine sleeps, so that a laptop that wakes up notices how long it slept.
enum MonotonicClock {
  static var now: Duration {
    var time = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return .nanoseconds(Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
