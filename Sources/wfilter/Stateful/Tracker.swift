// SPDX-License-Identifier: Apache-2.0

import Watch

/// Remembers which keys matched, so that the lines that pass are those of a Kubernetes watch with a selector.
///
/// The rule is the API server's own (apiserver's cacher, "convertToWatchEvent"): what counts is whether the object
/// passed *before* and passes *now*. Not before and now: ADDED. Before and now: MODIFIED. Before and not now, or
/// deleted: DELETED. Neither: nothing. An ADDED of an object that is known to match (a source that lists again says
/// so) is therefore a MODIFIED: its reader has the object.
struct Tracker {
  /// What becomes of a line.
  enum Verdict: Equatable {
    case drop
    case pass(as: EventType)
  }

  private var matching: KeyTable<Void>

  init(limit: Int) { matching = KeyTable(limit: limit) }

  /// Keys that had to be forgotten: their next match enters as ADDED once more.
  var evictions: Int { matching.evictions }
  /// How many objects are known to match.
  var count: Int { matching.count }

  /// Whether the key's object is known to match.
  func contains(_ key: KeyHash) -> Bool { matching.slot(of: key) != nil }

  /// Takes the next event of `key`.
  ///
  /// - Parameters:
  ///   - type: ADDED, MODIFIED or DELETED; every other one passes when it matched.
  ///   - key: what names the object.
  ///   - matched: whether the object in this line passes the filter.
  ///   - hasBody: false for a DELETED that names an object without showing it, as a list made after a gap gives:
  ///     nothing but kind, apiVersion, name, namespace, uid and resourceVersion. Whether it `matched` says nothing.
  /// - Returns: whether the line passes, and as what.
  mutating func event(_ type: EventType, key: KeyHash, matched: Bool, hasBody: @autoclosure () -> Bool)
    -> Verdict
  {
    switch (type, matching.slot(of: key)) {
    case (.added, let slot?), (.modified, let slot?):
      guard matched else {
        matching.remove(slot)
        return .pass(as: .deleted)
      }
      matching.touch(slot)
      return .pass(as: .modified)
    case (.added, nil), (.modified, nil):
      guard matched else { return .drop }
      matching.insert(key, ())
      return .pass(as: .added)
    case (.deleted, let slot?):
      matching.remove(slot)
      return .pass(as: .deleted)
    case (.deleted, nil):
      // A DELETED shows the object as it was last: one that matched was in the filter, and was told to the reader
      // before this process began.
      return matched && hasBody() ? .pass(as: .deleted) : .drop
    case (let other, _):
      return matched ? .pass(as: other) : .drop
    }
  }
}
