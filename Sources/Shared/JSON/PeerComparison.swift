// SPDX-License-Identifier: Apache-2.0

/// A comparison of the value at a path with a value of another line, the peer: CEL's operator between the two.
///
/// A class, because a copy of a struct would count references to each key.
package final class PeerComparison: Sendable {
  /// `equal`, `notEqual` or an order.
  package let operation: Comparison.Operation
  /// Which path of the line, by the number that the test's author gave it.
  package let path: Int
  /// The path in the peer: its first key and the others. Nil for the whole peer.
  private let first: [UInt8]?
  private let others: [[UInt8]]
  /// If the peer does not have the first key, the path starts at the peer's member with this key.
  private let detour: [UInt8]

  /// A comparison with the value at a path of keys.
  package init(_ operation: Comparison.Operation, path: Int, keys: [String], detour: String) {
    self.operation = operation
    self.path = path
    first = keys.first.map { Array($0.utf8) }
    others = keys.dropFirst().map { Array($0.utf8) }
    self.detour = Array(detour.utf8)
  }

  /// The result for the path's value in the line; nil if only an evaluator can tell, for example for two objects.
  func truth(_ value: RawJSON, _ state: PathState, _ peer: RawJSON?) -> Truth? {
    guard state == .present else { return .error }
    guard let peer else { return first == nil ? nil : .error }
    guard let peer = self.value(in: peer) else { return .error }
    guard let kind = value.kind, let peerKind = peer.kind else { return nil }
    switch (kind, peerKind) {
    case (.string, .string) where operation == .equal: return Truth(value.isEqualString(to: peer))
    case (.string, .string) where operation == .notEqual: return Truth(!value.isEqualString(to: peer))
    case (.bool, .bool):
      guard let left = value.bool, let right = peer.bool else { return nil }
      return operation == .equal ? Truth(left == right) : operation == .notEqual ? Truth(left != right) : nil
    case (.number, .number):
      guard let left = value.number, let right = peer.number else { return nil }
      if case .int(let left) = left, case .int(let right) = right { return truth(left, right) }
      return equality { value.isEqualNumber(to: peer) }
    case (.object, .object), (.array, .array):
      // An evaluator charges for comparing long values, and does not compare those that are nested deeply.
      guard value.isShorter(than: Self.longest), peer.isShorter(than: Self.longest) else { return nil }
      return equality {
        var work = RawJSON.ComparisonWork()
        return value.isEqual(to: peer, &work)
      }
    case (.string, _), (.object, _), (.array, _), (_, .string), (_, .object), (_, .array):
      return kind == peerKind ? nil : equality { false }
    default: return nil
    }
  }

  /// The bytes of objects and arrays that are compared.
  private static let longest = 1000

  private func equality(_ isEqual: () -> Bool) -> Truth? {
    switch operation {
    case .equal: Truth(isEqual())
    case .notEqual: Truth(!isEqual())
    default: nil
    }
  }

  private func value(in peer: RawJSON) -> RawJSON? {
    guard let first else { return peer }
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

extension RawJSON {
  fileprivate func isShorter(than count: Int) -> Bool { end.map { $0 - start < count } ?? false }
}
