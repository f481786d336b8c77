// SPDX-License-Identifier: Apache-2.0

/// Where the parts of a line are that snapshots, subscriptions and Kubernetes watches read.
struct LineParts: Sendable {
  /// Except for the object, only strings count.
  enum Name: Int, CaseIterable, Sendable {
    case object, apiVersion, kind, namespace, name, uid, version
    /// `source.resource`.
    case resource
    /// The type of an event of the `/ws` protocol, and its cluster and namespace.
    case eventType, cluster, eventNamespace
  }

  /// Offsets into the bytes of the batch; empty for a part that is missing.
  private struct Place: Sendable {
    var start: UInt32 = 0
    var end: UInt32 = 0
  }

  private var places = InlineArray<11, Place>(repeating: Place())

  /// Where a value is in the bytes of the batch, with its quotes; nil if the line lacks it.
  subscript(name: Name) -> Range<Int>? {
    get {
      let place = places[name.rawValue]
      return place.end > 0 ? Int(place.start)..<Int(place.end) : nil
    }
    set {
      places[name.rawValue] =
        newValue.map {
          Place(
            start: UInt32(truncatingIfNeeded: $0.lowerBound), end: UInt32(truncatingIfNeeded: $0.upperBound))
        } ?? Place()
    }
  }
}
