// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Time for the state machines: since boot, unaffected by changes of the wall clock, running on while the machine
/// sleeps, so that a laptop that wakes notices how long it was away.
enum MonotonicClock {
  static var now: Duration {
    var time = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return .nanoseconds(Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
