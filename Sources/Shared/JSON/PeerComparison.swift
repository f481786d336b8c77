// SPDX-License-Identifier: Apache-2.0

/// A comparison of the value at a path with a value of another line, the peer: CEL's operator between the two.
///
/// A class, because a copy of a struct would count references to each key.
package final class PeerComparison: Sendable {
  /// `equal`, `notEqual` or an order.
  package let operation: Comparison.Operation
  /// Which path of the line, by the number that the test's author gave it.
  package let path: Int
  /// The path in the peer: its first key and the others.
  private let first: [UInt8]
  private let others: [[UInt8]]
  /// If the peer does not have the first key, the path starts at the peer's member with this key.
  private let detour: [UInt8]

  /// A comparison with the value at a path of keys.
  package init(_ operation: Comparison.Operation, path: Int, key: String, others: [String], detour: String) {
    self.operation = operation
    self.path = path
    first = Array(key.utf8)
    self.others = others.map { Array($0.utf8) }
    self.detour = Array(detour.utf8)
  }

  /// The result for the path's value in the line; nil if only an evaluator can tell, for example for two objects.
  func truth(_ value: RawJSON, _ state: PathState, _ peer: RawJSON?) -> Truth? {
    guard state == .present, let peer, let peer = self.value(in: peer) else { return .error }
    switch (value.kind, peer.kind) {
    case (.string, .string) where operation == .equal: return Truth(value.isEqualString(to: peer))
    case (.string, .string) where operation == .notEqual: return Truth(!value.isEqualString(to: peer))
    case (.bool, .bool):
      guard let left = value.bool, let right = peer.bool else { return nil }
      return operation == .equal ? Truth(left == right) : operation == .notEqual ? Truth(left != right) : nil
    case (.number, .number):
      guard case .int(let left) = value.number, case .int(let right) = peer.number else { return nil }
      return truth(left, right)
    default: return nil
    }
  }

  private func value(in peer: RawJSON) -> RawJSON? {
    guard var value = peer.member(first) ?? peer.member(detour)?.member(first) else { return nil }
    for key in others {
      guard let next = value.member(key) else { return nil }
      value = next
    }
    return value
  }

  private func truth(_ left: Int64, _ right: Int64) -> Truth? {
    switch operation {
    case .equal: Truth(left == right)
    case .notEqual: Truth(left != right)
    case .less: Truth(left < right)
    case .lessOrEqual: Truth(left <= right)
    case .greater: Truth(left > right)
    case .greaterOrEqual: Truth(left >= right)
    default: nil
    }
  }
}
