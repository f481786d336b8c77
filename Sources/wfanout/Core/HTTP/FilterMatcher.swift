// SPDX-License-Identifier: Apache-2.0
import CEL
import Encoding
import Filter
import JSON
import Synchronization

/// The filters of a request, compiled; listeners that ask for the same ones share one.
///
/// Control lines pass whatever the filter, since resume and health depend on them, unless the event types
/// were named. A line for which the expression has no value does not match.
final class FilterMatcher: LineMatcher {
  let key: String
  private let passesControl: Bool
  private let usesNow: Bool
  private let evaluator: Mutex<Evaluator>

  /// The evaluator has working memory of its own: one thread at a time.
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
    return unsafe bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return false }
      let raw = unsafe RawJSON(line: base + line.lowerBound, count: line.count)
      return evaluator.withLock { $0.evaluator.test(raw, context: context) == .match }
    }
  }

  /// The same for listeners that keep a picture of the objects, which is to stay right. A choice of event
  /// types is about changes, not about objects: with one nothing is added.
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
