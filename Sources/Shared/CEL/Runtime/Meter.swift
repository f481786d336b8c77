// SPDX-License-Identifier: Apache-2.0

/// What an evaluation may still spend, in steps.
///
/// One step is at most some 50 ns of work and 10 bytes of new memory on a server of 2024, so that one limit bounds time and
/// memory together. A function whose cost only shows while it runs takes a meter, and spends on it before each part of its
/// work: see ``Overload/Implementation/metered(_:)``.
public struct Meter: Sendable {
  /// The steps that are left.
  public internal(set) var remaining: Int

  /// A meter with some steps.
  public init(_ steps: Int) { self.remaining = steps }

  /// Takes steps away.
  ///
  /// - Throws: `costLimitExceeded` when there are fewer
  @inline(__always)
  public mutating func spend(_ steps: Int) throws(EvaluationError) {
    remaining &-= steps
    if remaining < 0 { throw EvaluationError(.costLimitExceeded) }
  }
}

/// The steps that the usual kinds of work take.
enum Steps {
  /// Going over bytes: comparing, searching, copying into something that is soon gone.
  static func reading(_ bytes: Int) -> Int { bytes / 10 }

  /// Making a string or byte string.
  static func making(bytes: Int) -> Int { 4 + bytes / 6 }

  /// Making a list of values that exist already.
  static func making(elements: Int) -> Int { 8 + elements.multipliedSaturated(by: 3) }

  /// Making a map: keys are hashed, and kept in an index.
  static func making(entries: Int) -> Int { 10 + entries.multipliedSaturated(by: 20) }

  /// One more element of a list that grows.
  static let element = 4

  /// One more entry of a map that grows.
  static let entry = 20
}
