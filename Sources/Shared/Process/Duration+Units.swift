// SPDX-License-Identifier: Apache-2.0

extension Duration {
  /// Whole nanoseconds, truncated. A duration that does not fit becomes the largest or smallest value.
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isTooLong) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || isTooLong ? (seconds < 0 ? .min : .max) : sum
  }

  /// Whole milliseconds, truncated.
  package var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
