// SPDX-License-Identifier: Apache-2.0
package import Events
import Synchronization

/// Decides which events a listener wants.
///
/// Asked once per event for all listeners whose matcher has the same `key`, on any event loop, never on two at a time.
protocol LineMatcher: Sendable {
  var key: String { get }
  func matches(_ batch: Batch, _ index: Int) -> Bool
  /// What its listeners are sent of an event: one that matches, unless the matcher looks at what was before.
  func delivery(of batch: Batch, _ index: Int) -> Delivery
}

extension LineMatcher {
  func delivery(of batch: Batch, _ index: Int) -> Delivery { matches(batch, index) ? .line : .nothing }
}

/// What becomes of an event on its way to a listener.
package enum Delivery: Equatable, Sendable {
  case nothing
  case line
  /// The line with another type.
  case retyped(EventType)
}

/// All listeners that get the same bytes: one wire format and one matcher.
final class Lane: Sendable {
  struct Key: Hashable, Sendable {
    var format: WireFormat
    var matcher: String
  }

  let format: WireFormat
  let isWebSocket: Bool
  let matcher: (any LineMatcher)?
  /// The views of the newest segments; those of a lane without matcher are kept by the segments.
  private let recent = Mutex<[(position: Int, view: SegmentView)]>([])

  /// Both loops ask for the same segment shortly after one another; a listener far behind pays for itself.
  private static let recentLimit = 8

  init(format: WireFormat, matcher: (any LineMatcher)?) {
    self.format = format
    self.isWebSocket = format.isWebSocket
    self.matcher = matcher
  }

  var key: Key { Key(format: format, matcher: matcher?.key ?? "") }

  func view(_ segment: Segment) -> SegmentView {
    guard let matcher else { return segment.view(format) }
    return recent.withLock { recent in
      if let known = recent.last(where: { $0.position == segment.firstPosition }) { return known.view }
      let batch = segment.batch
      let view = SegmentView(batch, format: format) { matcher.delivery(of: batch, $0) }
      if recent.count >= Lane.recentLimit { recent.removeFirst() }
      recent.append((segment.firstPosition, view))
      return view
    }
  }
}
