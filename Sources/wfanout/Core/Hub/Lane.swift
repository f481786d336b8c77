// SPDX-License-Identifier: Apache-2.0
import Events
import NIOCore
import Synchronization

/// Decides which events a listener wants.
///
/// Asked on a worker thread, once per event for all listeners whose matcher has the same `key`, never on two
/// threads at a time.
protocol LineMatcher: Sendable {
  var key: String { get }
  func matches(_ batch: Batch, _ index: Int) -> Bool
  /// What the listeners are sent of an event: one that matches, unless the matcher depends on the object's
  /// previous state.
  func delivery(of batch: Batch, _ index: Int) -> Delivery
}

extension LineMatcher {
  func delivery(of batch: Batch, _ index: Int) -> Delivery { matches(batch, index) ? .line : .nothing }
}

/// What a listener is sent of an event.
enum Delivery: Equatable, Sendable {
  case nothing
  case line
  /// The line with another type.
  case retyped(EventType)
}

/// All listeners that get the same bytes: one wire format and one matcher. Shared by all event loops.
///
/// Without a matcher a segment's view is made where it is needed, and kept by the segment. With one, views
/// are made by the ``Workers``, see ``Evaluation``.
final class Lane: Sendable {
  struct Key: Hashable, Sendable {
    var format: WireFormat
    var matcher: String
  }

  let format: WireFormat
  let isWebSocket: Bool
  let matcher: (any LineMatcher)?
  let meter = CPUMeter()
  /// Cancelled when the last listener has left.
  let cancellation = Cancellation()
  private let recent = Mutex<Recent>(Recent())

  /// The newest views: the second event loop asks for the same segments shortly after the first one.
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
  }

  var key: Key { Key(format: format, matcher: matcher?.key ?? "") }

  /// The view of a segment that was evaluated a moment ago.
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
