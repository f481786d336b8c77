// SPDX-License-Identifier: Apache-2.0

/// Matches events against the subscriptions of `/ws` clients, and the filters of their handshake; equal ones share one lane.
struct SubscriptionMatcher: LineMatcher {
  private let subscriptions: SubscriptionSet
  private let filter: (any LineMatcher)?
  private let passesMissing: Bool
  let key: String

  /// `passesMissing`: whether an event without the field of a filter matches (the key `filter-missing`).
  init(_ subscriptions: SubscriptionSet, filter: (any LineMatcher)?, passesMissing: Bool = true) {
    self.passesMissing = passesMissing
    self.subscriptions = subscriptions
    self.filter = filter
    self.key = "ws " + subscriptions.key + (filter.map { " " + $0.key } ?? "")
  }

  /// Without a filter an event costs a few look-ups in sets.
  var isCheap: Bool { filter == nil && subscriptions.count <= SubscriptionMatcher.cheapCount }

  private static let cheapCount = 4

  /// A failure of the source is delivered to every client.
  func matches(_ batch: Batch, _ index: Int) -> Bool {
    batch.kinds[index] == .error
      || isSubscribed(batch, index) && filter?.matches(batch, index) ?? true
  }

  func delivery(of batch: Batch, _ index: Int) -> Delivery {
    if batch.kinds[index] == .error { return .line }
    return isSubscribed(batch, index) ? filter?.delivery(of: batch, index) ?? .line : .nothing
  }

  private func isSubscribed(_ batch: Batch, _ index: Int) -> Bool {
    subscriptions.matches(batch.routing.facts(of: batch)[index], passesMissing: passesMissing)
  }
}
