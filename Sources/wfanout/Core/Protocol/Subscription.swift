// SPDX-License-Identifier: Apache-2.0
import Digest
import Encoding

/// The event types, clusters and namespaces that a client of the `/ws` protocol wants. An empty list lets all
/// events through.
struct Subscription: Equatable, Sendable {
  let eventTypes: [String]
  let clusters: [String]
  let namespaces: [String]
  /// Types that were unsubscribed from a subscription to all types.
  let excluded: Set<String>
  /// Equal for equal subscriptions, and short: listeners are grouped by it.
  let key: String
  /// About the memory that it takes: a name is in an array and in a set.
  let byteCount: Int
  private let types: Set<String>
  private let clusterSet: Set<String>
  private let namespaceSet: Set<String>

  init(
    eventTypes: [String] = [], clusters: [String] = [], namespaces: [String] = [],
    excluded: Set<String> = []
  ) {
    self.eventTypes = eventTypes
    self.clusters = clusters
    self.namespaces = namespaces
    self.excluded = excluded
    types = Set(eventTypes)
    clusterSet = Set(clusters)
    namespaceSet = Set(namespaces)
    key = Subscription.key([types, clusterSet, namespaceSet, excluded])
    byteCount = (eventTypes + clusters + namespaces + excluded).reduce(0) { $0 + $1.utf8.count + 96 }
  }

  static func == (left: Subscription, right: Subscription) -> Bool { left.key == right.key }

  /// `passesMissing` is the meaning of a filter for an event that lacks the filtered member.
  func matches(_ facts: RoutingFacts, passesMissing: Bool = true) -> Bool {
    func passes(_ filter: Set<String>, _ value: String?) -> Bool {
      filter.isEmpty || (value.map(filter.contains) ?? passesMissing)
    }
    return (types.isEmpty || types.contains(facts.type)) && !excluded.contains(facts.type)
      && passes(clusterSet, facts.cluster) && passes(namespaceSet, facts.namespace)
  }

  /// Short lists as they are, long ones as their digest.
  private static func key(_ lists: [Set<String>]) -> String {
    let text = lists.map { $0.sorted().map { "\($0.utf8.count):\($0)" }.joined(separator: ",") }
      .joined(separator: ";")
    return text.utf8.count <= 128 ? text : "sha256 " + Hexadecimal.encode(Digest.sha256(Array(text.utf8)))
  }
}

/// The subscriptions of one connection: an event matches if one of them matches.
struct SubscriptionSet: Equatable, Sendable {
  private(set) var subscriptions: [Subscription] = []

  var isEmpty: Bool { subscriptions.isEmpty }
  var count: Int { subscriptions.count }
  var byteCount: Int { subscriptions.reduce(0) { $0 + $1.byteCount } }

  /// - Returns: False if there are too many already.
  mutating func add(_ subscription: Subscription, limit: Int) -> Bool {
    guard !subscriptions.contains(subscription) else { return true }
    guard subscriptions.count < limit else { return false }
    subscriptions.append(subscription)
    return true
  }

  mutating func replace(with subscription: Subscription) { subscriptions = [subscription] }

  /// - Returns: False, without a change, if more than `limit` types would be removed from a subscription to
  ///   all.
  mutating func remove(types: [String], limit: Int) -> Bool {
    let types = Set(types)
    var left: [Subscription] = []
    for subscription in subscriptions {
      var (wanted, excluded) = (subscription.eventTypes, subscription.excluded)
      if wanted.isEmpty {
        excluded.formUnion(types)
        guard excluded.count <= limit else { return false }
      } else {
        wanted.removeAll(where: types.contains)
        // A subscription without any of its types wants nothing.
        if wanted.isEmpty { continue }
      }
      left.append(
        Subscription(
          eventTypes: wanted, clusters: subscription.clusters, namespaces: subscription.namespaces,
          excluded: excluded))
    }
    subscriptions = left
    return true
  }

  func matches(_ facts: RoutingFacts, passesMissing: Bool = true) -> Bool {
    subscriptions.contains { $0.matches(facts, passesMissing: passesMissing) }
  }

  var key: String { subscriptions.map(\.key).sorted().joined(separator: "|") }
}
