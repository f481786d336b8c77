// SPDX-License-Identifier: Apache-2.0

/// What a client of the `/ws` protocol wants: event types, clusters and namespaces. An empty set lets all through.
struct Subscription: Equatable, Sendable {
  var eventTypes: [String] = []
  var clusters: [String] = []
  var namespaces: [String] = []
  /// Types taken back from a subscription to all.
  var excluded: Set<String> = []

  /// `passesMissing` is the meaning of a filter for an event that lacks what it asks for.
  func matches(type: String, cluster: String?, namespace: String?, passesMissing: Bool = true) -> Bool {
    func passes(_ filter: [String], _ value: String?) -> Bool {
      filter.isEmpty || (value.map(filter.contains) ?? passesMissing)
    }
    return (eventTypes.isEmpty || eventTypes.contains(type)) && !excluded.contains(type)
      && passes(clusters, cluster) && passes(namespaces, namespace)
  }

  var key: String {
    [eventTypes, clusters, namespaces, excluded.sorted()]
      .map { $0.map { "\($0.utf8.count):\($0)" }.joined(separator: ",") }.joined(separator: ";")
  }
}

/// All subscriptions of one connection: an event is wanted when one of them wants it.
struct SubscriptionSet: Equatable, Sendable {
  private(set) var subscriptions: [Subscription] = []

  var isEmpty: Bool { subscriptions.isEmpty }
  var count: Int { subscriptions.count }

  /// - Returns: false when there are too many already.
  mutating func add(_ subscription: Subscription, limit: Int) -> Bool {
    guard !subscriptions.contains(subscription) else { return true }
    guard subscriptions.count < limit else { return false }
    subscriptions.append(subscription)
    return true
  }

  mutating func replace(with subscription: Subscription) { subscriptions = [subscription] }

  mutating func removeAll() { subscriptions = [] }

  /// - Returns: false, and nothing is changed, when more than `limit` types would be taken back from a subscription to all.
  mutating func remove(types: [String], limit: Int) -> Bool {
    let types = Set(types)
    var left: [Subscription] = []
    for var subscription in subscriptions {
      if subscription.eventTypes.isEmpty {
        subscription.excluded.formUnion(types)
        guard subscription.excluded.count <= limit else { return false }
      } else {
        subscription.eventTypes.removeAll(where: types.contains)
        // One whose types are all gone wants nothing.
        if subscription.eventTypes.isEmpty { continue }
      }
      left.append(subscription)
    }
    subscriptions = left
    return true
  }

  func matches(type: String, cluster: String?, namespace: String?, passesMissing: Bool = true) -> Bool {
    subscriptions.contains {
      $0.matches(type: type, cluster: cluster, namespace: namespace, passesMissing: passesMissing)
    }
  }

  var key: String { subscriptions.map(\.key).sorted().joined(separator: "|") }
}
