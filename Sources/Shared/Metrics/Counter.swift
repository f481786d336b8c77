// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A number that only grows, as Prometheus defines a counter.
///
/// Lock-free; may be touched from any thread.
package final class Counter: Sendable {
  private let value = Atomic<UInt64>(0)

  package init() {}

  package func increment(by amount: UInt64 = 1) {
    value.wrappingAdd(amount, ordering: .relaxed)
  }

  package var count: UInt64 { value.load(ordering: .relaxed) }
}
