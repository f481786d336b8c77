// SPDX-License-Identifier: Apache-2.0

/// A comparison of the value at one path, made on its bytes. The result is that of the CEL operator.
package struct Comparison: Sendable {
  /// The kind of comparison.
  package enum Operation: UInt8, Sendable {
    /// CEL's `==` with the one operand: values of different kinds are unequal, numbers are equal as numbers.
    case equal
    case notEqual
    /// CEL's `in` over the operands.
    case oneOf
    /// The text starts with, ends with or contains the operand. A value that is not a string is an error.
    case startsWith, endsWith, contains
    /// Order against a number or a string. A value of another kind is an error.
    case less, lessOrEqual, greater, greaterOrEqual
    /// CEL's `has`.
    case has
    /// The result is the value itself if it is a bool, else an error.
    case isTrue
    /// Selectors: the text of a scalar (a string decoded, a number or a bool as written) is among the operands.
    case textOneOf
    case textNoneOf
    /// Label selectors: the label exists.
    case exists
    case existsNot
    /// Label selectors: the text is an integer above, below the operand.
    case textGreater, textLess
  }

  /// A literal.
  package enum Operand: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string([UInt8])
  }

  /// The comparison.
  package var operation: Operation
  /// Which path, by the number that the test's author gave it.
  package var path: Int
  /// The operands: one, except for the operations with "one of" in their names.
  package var operands: [Operand]
  /// For operations of selectors: the result if there is no value. Null counts as no value.
  package var resultWhenMissing = false

  /// A test.
  package init(
    _ operation: Operation, path: Int, operands: [Operand] = [], resultWhenMissing: Bool = false
  ) {
    self.operation = operation
    self.path = path
    self.operands = operands
    self.resultWhenMissing = resultWhenMissing
  }
}

/// CEL's three results. An error is a result, too: `&&` and `||` can absorb it.
package enum Truth: UInt8, Sendable {
  case no, yes, error

  @inline(__always)
  package init(_ value: Bool) { self = value ? .yes : .no }

  /// CEL's `&&`: false absorbs an error.
  @inline(__always)
  package static func && (left: Truth, right: Truth) -> Truth {
    if left == .no || right == .no { return .no }
    return left == .error || right == .error ? .error : .yes
  }

  /// CEL's `||`: true absorbs an error.
  @inline(__always)
  package static func || (left: Truth, right: Truth) -> Truth {
    if left == .yes || right == .yes { return .yes }
    return left == .error || right == .error ? .error : .no
  }

  package static prefix func ! (value: Truth) -> Truth {
    switch value {
    case .no: .yes
    case .yes: .no
    case .error: .error
    }
  }
}

/// Comparisons combined: a condition on one line.
package indirect enum Condition: Sendable {
  case comparison(Comparison)
  /// Compares with a value of the peer.
  case peerComparison(PeerComparison)
  /// There is a peer.
  case hasPeer
  case all([Condition])
  case any([Condition])
  case not(Condition)
}
