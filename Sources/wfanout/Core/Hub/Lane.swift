// SPDX-License-Identifier: Apache-2.0
import Events
import NIOCore
import Synchronization

/// Decides which events a listener wants.
///
/// A worker thread calls it, once per event for all listeners whose matcher has the same `key`, and never two
/// threads at the same time. The event loops call a cheap one too, at any time.
protocol LineMatcher: Sendable {
  var key: String { get }
  /// Whether evaluating an event costs less than passing the work to a worker.
  var isCheap: Bool { get }
  func matches(_ batch: Batch, _ index: Int) -> Bool
  /// The form in which the listeners get an event. By default a matching event is sent unchanged.
  func delivery(of batch: Batch, _ index: Int) -> Delivery
}

extension LineMatcher {
  var isCheap: Bool { false }
  func delivery(of batch: Batch, _ index: Int) -> Delivery { matches(batch, index) ? .line : .nothing }
}

/// The form in which a listener gets an event.
enum Delivery: Equatable, Sendable {
  case nothing
  case line
  /// The line with another type.
  case retyped(EventType)
}

/// The listeners that get the same bytes: those with the same wire format and matcher. Shared by all event
/// loops.
///
/// Without a matcher a segment's view is made where it is needed, and kept by the segment. With one, views
/// are made by the ``Workers``, see ``Evaluation``; with a cheap one, those of the newest events by the event
/// loops.
final class Lane: Sendable {
  struct Key: Hashable, Sendable {
    var format: WireFormat
    var matcher: String
  }

  let key: Key
  let format: WireFormat
  let isWebSocket: Bool
  let matcher: (any LineMatcher)?
  /// Whether the event loops evaluate the newest events themselves, without a worker.
  let isDirect: Bool
  let meter = CPUMeter()
  /// Cancelled when the last listener has left.
  let cancellation = Cancellation()
  private let recent = Mutex<Recent>(Recent())

  /// The newest views. The event loops need the same segments shortly after each other.
  private struct Recent: Sendable {
    var views: [SegmentView] = []
    var bytes = 0

    static let countLimit = 64
    static let byteLimit = 128 << 10
  }

  init(format: WireFormat, matcher: (any LineMatcher)?) {
    self.format = format
    self.isWebSocket = format.isWebSocket
    self.matcher = matcher
    key = Key(format: format, matcher: matcher?.key ?? "")
    isDirect = matcher.map { $0.isCheap && format.windowBits == nil } ?? true
  }

  /// The view of a segment, for a direct lane.
  func view(of segment: Segment) -> SegmentView {
    guard let matcher else { return segment.view(format) }
    if let known = known(segment) { return known }
    var builder = SegmentView.Builder(segment.batch, format: format)
    while let index = builder.next { builder.add(matcher.delivery(of: segment.batch, index)) }
    let view = builder.view
    if view.count > 0 { remember(view) }
    return view
  }

  /// The view of a segment that was evaluated recently.
  func known(_ segment: Segment) -> SegmentView? {
    recent.withLock { $0.views.last { $0.firstPosition == segment.firstPosition } }
  }

  func remember(_ view: SegmentView) {
    recent.withLock { recent in
      recent.views.append(view)
      recent.bytes += view.buffer.readableBytes
      while recent.views.count > Recent.countLimit || recent.bytes > Recent.byteLimit, recent.views.count > 1
      {
        recent.bytes -= recent.views.removeFirst().buffer.readableBytes
      }
    }
  }
}
