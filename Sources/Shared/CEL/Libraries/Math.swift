// SPDX-License-Identifier: Apache-2.0

/// The `math` extension: `math.greatest`, `math.least`, rounding, signs, floating-point tests, bits and `math.sqrt`.
public struct MathLibrary: Library {
  /// `math`
  public let name = "math"

  /// The library.
  public init() {}

  /// Adds the functions, and the macros `math.least` and `math.greatest`.
  public func declare(in declarations: inout Declarations) {
    declareExtremes(in: &declarations)
    declareFloatingPoint(in: &declarations)
    declareSigns(in: &declarations)
    declareBits(in: &declarations)
  }

  private func declareFloatingPoint(in declarations: inout Declarations) {
    declarations.function(
      "math.ceil", .unary("math_ceil_double") { (value: Double) in value.rounded(.up) })
    declarations.function(
      "math.floor", .unary("math_floor_double") { (value: Double) in value.rounded(.down) })
    declarations.function(
      "math.round",
      .unary("math_round_double") { (value: Double) in value.rounded(.toNearestOrAwayFromZero) })
    declarations.function(
      "math.trunc", .unary("math_trunc_double") { (value: Double) in value.rounded(.towardZero) })
    declarations.function("math.isInf", .unary("math_isInf_double") { (value: Double) in value.isInfinite })
    declarations.function("math.isNaN", .unary("math_isNaN_double") { (value: Double) in value.isNaN })
    declarations.function(
      "math.isFinite", .unary("math_isFinite_double") { (value: Double) in value.isFinite })
    declarations.function(
      "math.sqrt",
      .unary("math_sqrt_double") { (value: Double) in value.squareRoot() },
      .unary("math_sqrt_int") { (value: Int64) in Double(value).squareRoot() },
      .unary("math_sqrt_uint") { (value: UInt64) in Double(value).squareRoot() })
  }

  private func declareSigns(in declarations: inout Declarations) {
    declarations.function(
      "math.abs",
      .unary("math_abs_double") { (value: Double) in value.magnitude },
      .unary("math_abs_int") { (value: Int64) throws(EvaluationError) in
        guard let magnitude = Int64(exactly: value.magnitude) else { throw EvaluationError(.overflow) }
        return magnitude
      },
      .unary("math_abs_uint") { (value: UInt64) in value })
    declarations.function(
      "math.sign",
      .unary("math_sign_double") { (value: Double) in
        value.isNaN ? value : (value > 0 ? 1.0 : (value < 0 ? -1.0 : 0.0))
      },
      .unary("math_sign_int") { (value: Int64) in value.signum() },
      .unary("math_sign_uint") { (value: UInt64) in value.signum() })
  }

  private func declareBits(in declarations: inout Declarations) {
    declarations.function(
      "math.bitAnd",
      .binary("math_bitAnd_int_int") { (left: Int64, right: Int64) in left & right },
      .binary("math_bitAnd_uint_uint") { (left: UInt64, right: UInt64) in left & right })
    declarations.function(
      "math.bitOr",
      .binary("math_bitOr_int_int") { (left: Int64, right: Int64) in left | right },
      .binary("math_bitOr_uint_uint") { (left: UInt64, right: UInt64) in left | right })
    declarations.function(
      "math.bitXor",
      .binary("math_bitXor_int_int") { (left: Int64, right: Int64) in left ^ right },
      .binary("math_bitXor_uint_uint") { (left: UInt64, right: UInt64) in left ^ right })
    declarations.function(
      "math.bitNot",
      .unary("math_bitNot_int_int") { (value: Int64) in ~value },
      .unary("math_bitNot_uint_uint") { (value: UInt64) in ~value })
    // Swift's shifts give 0 for a distance of 64 and more, as CEL wants it. A shift to the right fills with zeros
    // even what was negative.
    declarations.function(
      "math.bitShiftLeft",
      .binary("math_bitShiftLeft_int_int") { (value: Int64, distance: Int64) throws(EvaluationError) in
        value << (try MathLibrary.distance(distance, "math.bitShiftLeft()"))
      },
      .binary("math_bitShiftLeft_uint_int") { (value: UInt64, distance: Int64) throws(EvaluationError) in
        value << (try MathLibrary.distance(distance, "math.bitShiftLeft()"))
      })
    declarations.function(
      "math.bitShiftRight",
      .binary("math_bitShiftRight_int_int") { (value: Int64, distance: Int64) throws(EvaluationError) in
        Int64(
          bitPattern: UInt64(bitPattern: value)
            >> (try MathLibrary.distance(distance, "math.bitShiftRight()")))
      },
      .binary("math_bitShiftRight_uint_int") { (value: UInt64, distance: Int64) throws(EvaluationError) in
        value >> (try MathLibrary.distance(distance, "math.bitShiftRight()"))
      })
  }

  private static func distance(_ distance: Int64, _ function: String) throws(EvaluationError) -> Int64 {
    guard distance >= 0 else { throw .invalidArgument("\(function) negative offset: \(distance)") }
    return distance
  }
}
