// SPDX-License-Identifier: Apache-2.0

/// Why an expression has no value.
///
/// Creating one without detail allocates no memory, because in a filter a missing key is a normal result.
public struct EvaluationError: Error, Sendable {
  /// The kind of failure.
  public enum Code: UInt8, Sendable {
    case noSuchKey, noSuchField, noMatchingOverload, undeclaredReference, unboundFunction
    case divisionByZero, overflow, outOfRange, indexOutOfBounds
    case invalidArgument, invalidConversion, duplicateKey, unsupportedKeyType, noneDereference
    /// The activation does not belong to the program's environment: see ``Activation``.
    case wrongActivation
    /// The cost limit is exceeded. Unlike every other error, this one is never absorbed by `||`, `&&`, `all`
    /// or `exists`.
    case costLimitExceeded
  }

  /// The kind of failure.
  public let code: Code
  /// The key, or the whole reason; empty if the code is sufficient.
  public let detail: String
  /// The position in the source, as a UTF-8 offset; -1 if it is not known.
  public internal(set) var offset: Int32 = -1

  /// Creates an error.
  public init(_ code: Code, _ detail: String = "") {
    self.code = code
    self.detail = detail
  }

  /// No overload of the function accepts these arguments.
  public static let noMatchingOverload = EvaluationError(.noMatchingOverload)

  /// An argument has the right type but an invalid value.
  public static func invalidArgument(_ reason: String) -> EvaluationError {
    EvaluationError(.invalidArgument, reason)
  }
}

extension EvaluationError: CustomStringConvertible {
  /// The text for a message, such as `no such key: phase`.
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
