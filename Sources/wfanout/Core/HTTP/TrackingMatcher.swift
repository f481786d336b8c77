// SPDX-License-Identifier: Apache-2.0
import Events

/// A filter whose listeners keep a picture of the objects: one that is changed out of the filter leaves it as DELETED, one that is
/// changed into it enters as ADDED, as in a Kubernetes watch with a selector.
///
/// Asks the filter about the object as it was, so it remembers nothing and may be asked about any event of the ring in any order. Where
/// nobody knows how the object was, the line goes out as it is, if it matches.
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
