// SPDX-License-Identifier: Apache-2.0

/// Evaluates a lane's matcher on consecutive segments, on a worker.
final class Evaluation: Work, @unchecked Sendable {  // one worker at a time
  private let lane: Lane
  private let matcher: any LineMatcher
  private let segments: [Segment]
  /// Called once at the end, with the views of the first segments, one at least; with none when the work was cancelled.
  private let whenDone: @Sendable ([SegmentView]) -> Void
  private var views: [SegmentView] = []
  private var builder: SegmentView.Builder?

  init(
    _ lane: Lane, _ matcher: any LineMatcher, _ segments: [Segment],
    whenDone: @escaping @Sendable ([SegmentView]) -> Void
  ) {
    self.lane = lane
    self.matcher = matcher
    self.segments = segments
    self.whenDone = whenDone
  }

  func run(_ slice: Slice) -> Bool {
    while views.count < segments.count, !lane.cancellation.isCancelled {
      let segment = segments[views.count]
      if builder == nil, let known = lane.known(segment) {
        views.append(known)
        continue
      }
      var builder = self.builder ?? SegmentView.Builder(segment.batch, format: lane.format)
      self.builder = nil
      while let index = builder.next {
        builder.add(matcher.delivery(of: segment.batch, index))
        guard slice.isOver, builder.next != nil else { continue }
        // Delivers the finished views without waiting for the rest.
        if !views.isEmpty { return true }
        self.builder = builder
        return lane.cancellation.isCancelled
      }
      let view = builder.view
      lane.remember(view)
      views.append(view)
      if slice.isOver { return true }
    }
    return true
  }

  func finish() { whenDone(views) }
}
