// SPDX-License-Identifier: Apache-2.0

/// The remaining cost of an evaluation, in steps.
///
/// A step is at most about 50 ns of work on a server of 2024 and 10 bytes of new memory, so that one limit
/// bounds both. A function whose cost is only known while it runs receives a meter, and spends steps before
/// each part of its work: see ``Overload/Implementation/metered(_:)``.
public struct Meter: Sendable {
  /// The remaining steps.
  public internal(set) var remaining: Int

  /// Creates a meter with this many steps.
  public init(_ steps: Int) { self.remaining = steps }

  /// Takes steps from the meter.
  ///
  /// - Throws: `costLimitExceeded` if fewer remain
  @inline(__always)
  public mutating func spend(_ steps: Int) throws(EvaluationError) {
    remaining &-= steps
    if remaining < 0 { throw EvaluationError(.costLimitExceeded) }
  }
}

/// The costs of common operations, in steps.
enum Steps {
  /// Creating a string or byte string.
  static func making(bytes: Int) -> Int { 4 + bytes / 6 }

  /// Creating a list of existing values.
  static func making(elements: Int) -> Int { 8 + elements.multipliedSaturated(by: 3) }

  /// Creating a map, whose keys are hashed and indexed.
  static func making(entries: Int) -> Int { 10 + entries.multipliedSaturated(by: 20) }

  /// Appending an element to a list.
  static let element = 4

  /// Adding an entry to a map.
  static let entry = 20
}
