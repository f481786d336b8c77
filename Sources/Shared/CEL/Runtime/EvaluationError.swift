// SPDX-License-Identifier: Apache-2.0

/// Why an expression has no value.
///
/// Making one costs no allocation: in a filter a missing key is an ordinary answer.
public struct EvaluationError: Error, Sendable {
  /// The kind of failure.
  public enum Code: UInt8, Sendable {
    case noSuchKey, noSuchField, noMatchingOverload, undeclaredReference, unboundFunction
    case divisionByZero, overflow, outOfRange, indexOutOfBounds
    case invalidArgument, invalidConversion, duplicateKey, unsupportedKeyType, noneDereference
    /// The activation does not fit the program: see ``Activation``.
    case wrongActivation
    /// The expression would cost more than it may. Unlike every other failure it is never absorbed by `||`, `&&`, `all`
    /// or `exists`.
    case costLimitExceeded
  }

  /// The kind of failure.
  public let code: Code
  /// What it is about: the key, or the whole reason; empty when the code says it all.
  public let detail: String
  /// Where in the source, as a UTF-8 offset; -1 when not known.
  public var offset: Int32 = -1

  /// A failure.
  public init(_ code: Code, _ detail: String = "") {
    self.code = code
    self.detail = detail
  }

  /// No overload of the function takes these arguments.
  public static let noMatchingOverload = EvaluationError(.noMatchingOverload)

  /// The function got an argument of the right type that it cannot use.
  public static func invalidArgument(_ reason: String) -> EvaluationError {
    EvaluationError(.invalidArgument, reason)
  }
}

extension EvaluationError: CustomStringConvertible {
  /// For a message: `no such key: phase`.
  public var description: String { detail.isEmpty ? code.text : "\(code.text): \(detail)" }
}

extension EvaluationError.Code {
  var text: String {
    switch self {
    case .noSuchKey: "no such key"
    case .noSuchField: "no such field"
    case .noMatchingOverload: "no matching overload"
    case .undeclaredReference: "no value for"
    case .unboundFunction: "unbound function"
    case .divisionByZero: "division by zero"
    case .overflow: "integer overflow"
    case .outOfRange: "out of range"
    case .indexOutOfBounds: "index out of bounds"
    case .invalidArgument: "invalid argument"
    case .invalidConversion: "conversion failed"
    case .duplicateKey: "repeated key"
    case .unsupportedKeyType: "unsupported key type"
    case .noneDereference: "optional.none() has no value"
    case .wrongActivation: "the activation does not fit the program"
    case .costLimitExceeded: "cost limit exceeded"
    }
  }
}
