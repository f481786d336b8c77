// SPDX-License-Identifier: Apache-2.0
import CEL
import Filter
import JSON
import Synchronization

/// The key `snapshot-key`: a CEL expression over a line whose value is the key under which the line is kept.
package final class KeyExpression: Sendable {
  /// The evaluator owns working memory, so only one thread at a time may use it.
  private struct Evaluator: @unchecked Sendable {  // guarded by the mutex around it
    let evaluator: LineEvaluator
  }

  private let evaluator: Mutex<Evaluator>

  init(_ expression: String) throws(FilterError) {
    let filter = try LineFilter(value: expression)
    if filter.usesOld || filter.usesNow {
      throw FilterError("a key depends only on the line: it cannot use 'old' or 'now'")
    }
    evaluator = Mutex(Evaluator(evaluator: LineEvaluator(filter)))
  }

  /// The key of a line: a string's text, any other value's JSON; empty if the expression has no value or is
  /// null.
  func key(_ batch: Batch, _ index: Int) -> [UInt8] {
    batch.withJSON(index) { line in evaluator.withLock { KeyExpression.text($0.evaluator, line) } }
  }

  private static func text(_ evaluator: LineEvaluator, _ line: RawJSON) -> [UInt8] {
    guard let value = try? evaluator.value(line) else { return [] }
    var text: [UInt8] = []
    switch value.native {
    case .string(let string): text.append(contentsOf: string.utf8)
    case .null: break
    default: guard (try? evaluator.appendValue(line, to: &text)) != nil else { return [] }
    }
    return text
  }
}
