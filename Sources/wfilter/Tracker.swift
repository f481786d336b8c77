// SPDX-License-Identifier: Apache-2.0

import Watch

/// `--track`: which keys matched, so that the output is a watch of the matching objects alone, as a Kubernetes watch
/// with a label selector is.
///
/// When more keys match than it may remember, the one that has not changed for longest is forgotten; should it leave the
/// filter later, that goes unsaid.
struct Tracker {
  /// What to do with a line.
  enum Action: Equatable {
    case drop
    case pass
    /// Pass it with another type.
    case passAs(EventType)
  }

  private var matching: KeyTable<Void>
  /// Whether a key had to be forgotten.
  private(set) var hasForgotten = false

  /// Remembers up to `limit` keys.
  init(limit: Int) { matching = KeyTable(limit: limit) }

  /// How many keys are inside the filter.
  var count: Int { matching.count }

  /// Decides about an event; `matches` is the filter's answer.
  mutating func decide(_ key: KeyHash, _ type: EventType, matches: Bool) -> Action {
    let place = matching.place(of: key)
    if type == .deleted {
      guard let place else { return matches ? .pass : .drop }
      matching.remove(place)
      return .pass
    }
    guard let place else {
      guard matches else { return .drop }
      if matching.append(key, ()) != nil { hasForgotten = true }
      return type == .modified ? .passAs(.added) : .pass
    }
    guard matches else {
      matching.remove(place)
      return .passAs(.deleted)
    }
    matching.moveToEnd(place)
    // Seen again, after a gap of the source say: whoever reads on has it already.
    return type == .added ? .passAs(.modified) : .pass
  }
}
