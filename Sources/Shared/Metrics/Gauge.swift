// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A number that goes up and down.
///
/// Lock-free; may be touched from any thread.
package final class Gauge: Sendable {
  private let bits = Atomic<UInt64>(0)

  package init() {}

  package func set(_ value: Double) {
    bits.store(value.bitPattern, ordering: .relaxed)
  }

  package func add(_ delta: Double) {
    bits.addDouble(delta)
  }

  package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

extension Atomic<UInt64> {
  /// Adds to the Double whose bit pattern this word holds.
  borrowing func addDouble(_ delta: Double) {
    var seen = load(ordering: .relaxed)
    while true {
      let wanted = (Double(bitPattern: seen) + delta).bitPattern
      let (exchanged, original) = compareExchange(expected: seen, desired: wanted, ordering: .relaxed)
      if exchanged { return }
      seen = original
    }
  }
}
