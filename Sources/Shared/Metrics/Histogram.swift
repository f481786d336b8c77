// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Observations counted in buckets with fixed upper bounds.
///
/// Bounds are in the unit of the metric, seconds as a rule (Prometheus' base units). Lock-free; a scrape
/// that meets an observation half done may show its bucket before its sum.
package final class Histogram: Sendable {
  /// From a tenth of a millisecond to ten seconds, for latencies in seconds.
  package static let latencyBounds: [Double] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]

  package let bounds: [Double]
  private let buckets: [Bucket]
  private let sumBits = Atomic<UInt64>(0)

  private final class Bucket: Sendable {
    let count = Atomic<UInt64>(0)
  }

  /// - Parameter bounds: inclusive upper bounds in any order; the bucket above the last bound is added.
  package init(bounds: [Double]) {
    self.bounds = bounds.filter(\.isFinite).sorted()
    self.buckets = (0...self.bounds.count).map { _ in Bucket() }
  }

  /// Counts a value, or `times` equal ones at the price of one.
  package func observe(_ value: Double, times: UInt64 = 1) {
    guard !value.isNaN, times > 0 else { return }
    let index = bounds.firstIndex { value <= $0 } ?? bounds.count
    buckets[index].count.wrappingAdd(times, ordering: .relaxed)
    sumBits.addDouble(value * Double(times))
  }

  package var sum: Double { Double(bitPattern: sumBits.load(ordering: .relaxed)) }

  /// Observations per bucket, not cumulated; one more than there are bounds.
  package var counts: [UInt64] { buckets.map { $0.count.load(ordering: .relaxed) } }
}
