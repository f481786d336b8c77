// SPDX-License-Identifier: Apache-2.0
import CEL
import Encoding
import Filter
import JSON
import Synchronization

/// The compiled filters of a request, shared by all listeners with the same filters.
///
/// Control lines always match, since resuming and health depend on them, unless the request names event
/// types. A line for which the expression has no value does not match.
final class FilterMatcher: LineMatcher {
  let key: String
  private let passesControl: Bool
  private let usesNow: Bool
  private let evaluator: Mutex<Evaluator>

  /// The evaluator owns working memory, so only one thread at a time may use it.
  private struct Evaluator: @unchecked Sendable {  // guarded by the mutex around it
    let evaluator: LineEvaluator
  }

  init(_ filter: LineFilter, key: String) {
    self.key = "filter " + key
    self.passesControl = filter.options.types.isEmpty
    self.usesNow = filter.usesNow
    self.evaluator = Mutex(Evaluator(evaluator: LineEvaluator(filter)))
  }

  func matches(_ batch: Batch, _ index: Int) -> Bool {
    if passesControl, batch.kinds[index].isControl { return true }
    return matches(batch.bytes, batch.line(index))
  }

  /// Whether a line matches. Behind it ``Batch/padding`` can be read.
  func matches(_ bytes: [UInt8], _ line: Range<Int>) -> Bool {
    let context = LineContext(now: usesNow ? FilterMatcher.now : nil)
    return bytes.withJSON(line) { line in
      evaluator.withLock { $0.evaluator.test(line, context: context) == .match }
    }
  }

  /// The filter for listeners that keep a copy of the objects: an object that changes so that it no longer
  /// matches is deleted for them. With event types named it stays as it is, because those select changes, not
  /// objects.
  func tracking(_ objects: SnapshotStore) -> any LineMatcher {
    guard passesControl else { return self }
    objects.begin()
    return TrackingMatcher(filter: self)
  }

  private static var now: TimestampValue? {
    let nanoseconds = Timestamp.now.nanoseconds
    return TimestampValue(
      seconds: nanoseconds / 1_000_000_000, nanoseconds: Int32(nanoseconds % 1_000_000_000))
  }
}
