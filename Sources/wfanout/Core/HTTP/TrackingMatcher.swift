// SPDX-License-Identifier: Apache-2.0
import Events

/// A filter for listeners that keep a copy of the objects. When a change makes an object match no longer, the
/// event is sent as DELETED; when it makes it match, as ADDED, as in a Kubernetes watch with a selector.
///
/// It evaluates the filter on the object's previous state too, so it has no state itself and can be applied
/// to the events of the ring in any order. If the previous state is unknown, a matching line is sent
/// unchanged.
struct TrackingMatcher: LineMatcher {
  let filter: FilterMatcher

  var key: String { "tracked " + filter.key }

  func matches(_ batch: Batch, _ index: Int) -> Bool { filter.matches(batch, index) }

  func delivery(of batch: Batch, _ index: Int) -> Delivery {
    let matches = filter.matches(batch, index)
    let plain: Delivery = matches ? .line : .nothing
    guard let type = batch.kinds[index].changeType, !batch.previous.isEmpty else { return plain }
    let matchedBefore: Bool
    switch batch.previous[index] {
    case .unknown: return plain
    case .absent: matchedBefore = false
    case .line(let line): matchedBefore = filter.matches(line, 0..<(line.count - Batch.padding))
    }
    guard let told = type.delivered(matchedBefore: matchedBefore, matchesNow: matches) else {
      return .nothing
    }
    return told == type ? .line : .retyped(told)
  }
}
