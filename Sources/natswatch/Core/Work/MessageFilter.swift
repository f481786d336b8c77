// SPDX-License-Identifier: Apache-2.0

import Filter
import JSON
import Process

/// `--filter`: tests the line of a message. For one thread.
final class MessageFilter {
  private let evaluator: LineEvaluator
  private let lineMaker: LineMaker
  private let diagnostics: Diagnostics
  private let copy = PaddedBytes()
  private var hasReportedError = false

  init(_ filter: LineFilter, _ lineMaker: LineMaker, _ diagnostics: Diagnostics) {
    evaluator = LineEvaluator(filter)
    self.lineMaker = lineMaker
    self.diagnostics = diagnostics
  }

  /// Whether the expression is true. A message for which it has no value does not match; the first one is reported.
  func matches(_ delivery: Delivery) -> Bool {
    let line = lineMaker.line(of: delivery)
    return unsafe line.withUnsafeBufferPointer { bytes in
      let padded = unsafe copy.copy(UnsafeBufferPointer(rebasing: bytes.dropLast()))
      guard let base = padded.baseAddress else { return false }
      let json = unsafe RawJSON(line: base, count: padded.count)
      switch evaluator.test(json) {
      case .match: return true
      case .noMatch, .malformed: return false
      case .error:
        if !hasReportedError {
          diagnostics.warning(
            "--filter has no value for \(delivery.subject) \(delivery.sequence), which does not match: "
              + evaluator.reason(json))
        }
        hasReportedError = true
        return false
      }
    }
  }
}
