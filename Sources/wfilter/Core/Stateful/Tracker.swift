// SPDX-License-Identifier: Apache-2.0
import Events

/// Remembers which keys matched, so that the lines that pass are those of a Kubernetes watch with a selector.
/// The rule is ``EventType/told(passedBefore:passesNow:)``.
struct Tracker: ~Copyable {
  private var matching: KeyTable<Void>

  init(limit: Int) { matching = KeyTable(limit: limit) }

  /// The number of removed keys, whose next match is printed as ADDED again.
  var evictions: Int { matching.evictions }
  /// The number of objects that are known to match.
  var count: Int { matching.count }

  /// Whether the key's object is known to match.
  func contains(_ key: KeyHash) -> Bool { matching.slot(of: key) != nil }

  /// Takes the next event of `key`.
  ///
  /// - Parameters:
  ///   - type: ADDED, MODIFIED or DELETED; every other one passes when it matched.
  ///   - key: the object's key.
  ///   - matched: whether the object in this line passes the filter.
  ///   - hasBody: false for a DELETED with only the object's identity (kind, apiVersion, name, namespace, uid
  ///     and resourceVersion), as a list after a gap gives. Its `matched` has no meaning.
  /// - Returns: the type with which to print the line; nil if it is dropped.
  mutating func event(
    _ type: EventType, key: KeyHash, matched: Bool, hasBody: @autoclosure () -> Bool
  ) -> EventType? {
    let slot = matching.slot(of: key)
    // A DELETED has the object's last state. If that matches, the object was in the filter and was reported
    // before this process began.
    if type == .deleted, slot == nil { return matched && hasBody() ? .deleted : nil }
    let told = type.delivered(matchedBefore: slot != nil, matchesNow: matched)
    switch (told, slot) {
    case (.added, nil): matching.insert(key, ())
    case (.modified, let slot?): matching.touch(slot)
    case (.deleted, let slot?): matching.remove(slot)
    default: break
    }
    return told
  }
}
