// SPDX-License-Identifier: Apache-2.0

/// Matches events against the subscriptions of `/ws` clients; equal sets of subscriptions share one lane.
struct SubscriptionMatcher: LineMatcher {
  let subscriptions: SubscriptionSet
  let key: String

  init(_ subscriptions: SubscriptionSet) {
    self.subscriptions = subscriptions
    self.key = "ws " + subscriptions.key
  }

  /// That the source has failed is everybody's business.
  func matches(_ batch: Batch, _ index: Int) -> Bool {
    if batch.kinds[index] == .error { return true }
    let bytes = batch.bytes
    let line = batch.line(index)
    return subscriptions.matches(
      type: EventEnvelope.eventType(of: batch, index),
      cluster: SubscriptionMatcher.text(bytes, line, ["cluster_id"])
        ?? SubscriptionMatcher.text(bytes, line, ["source", "cluster"]),
      namespace: SubscriptionMatcher.namespace(bytes, line))
  }

  /// Where producers put it: beside the payload's own members, among its labels, or in a Kubernetes object.
  static func namespace(_ bytes: [UInt8], _ line: Range<Int>) -> String? {
    text(bytes, line, ["payload", "namespace"]) ?? text(bytes, line, ["payload", "labels", "namespace"])
      ?? text(bytes, line, ["object", "metadata", "namespace"])
  }

  static func text(_ bytes: [UInt8], _ line: Range<Int>, _ path: [StaticString]) -> String? {
    var range = line
    for key in path {
      guard let member = JSONScan.member(key, of: bytes, in: range) else { return nil }
      range = member
    }
    guard JSONScan.inside(bytes, range) != nil else { return nil }
    return JSONDocument(Array(bytes[range]))?.string
  }
}
