// SPDX-License-Identifier: Apache-2.0

/// The `math` extension: `math.greatest`, `math.least`, rounding, signs, floating-point tests, bits and
/// `math.sqrt`.
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
    // Swift's shifts return 0 for a distance of 64 or more, as CEL requires. A right shift fills with zeros
    // even if the number is negative.
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

/// `math.least` and `math.greatest`: macros over functions of one or two numbers, or of a list.
extension MathLibrary {
  func declareExtremes(in declarations: inout Declarations) {
    declareExtreme("least", "math.@min", preferred: -1, in: &declarations)
    declareExtreme("greatest", "math.@max", preferred: 1, in: &declarations)
  }

  private func declareExtreme(
    _ macro: String, _ function: String, preferred: Int, in declarations: inout Declarations
  ) {
    let numbers: [ValueType] = [.double, .int, .uint]
    let id = "math_" + function.dropFirst("math.".count)
    // Without static types, any of these overloads may be selected for any argument, so all have the same
    // implementation.
    let one = Overload.Implementation.unary { value throws(EvaluationError) in
      guard case .list(let list) = value else {
        _ = try MathLibrary.number(value)
        return value
      }
      var best: (value: Value, number: Value)?
      // Each element is decoded once, as it is charged: a number may have thousands of digits.
      for element in list.rawElements {
        let number = try MathLibrary.number(element)
        if let best, try MathLibrary.order(best.number, number) != -preferred { continue }
        best = (element, number)
      }
      guard let best else { throw .invalidArgument("\(function)(list) argument must not be empty") }
      return best.value
    }
    let two = Overload.Implementation.binary { left, right throws(EvaluationError) in
      try MathLibrary.order(try MathLibrary.number(left), try MathLibrary.number(right)) == -preferred
        ? right : left
    }
    declarations.function(
      function,
      numbers.map { Overload("\(id)_\($0)", [$0], returns: $0, one).keepingNumbers() }
        + numbers.map {
          Overload("\(id)_list_\($0)", [.list($0)], returns: $0, cost: .linear, one).keepingNumbers()
        }
        + numbers.flatMap { left in
          numbers.map { right in
            Overload("\(id)_\(left)_\(right)", [left, right], returns: left == right ? left : .dyn, two)
              .keepingNumbers()
          }
        })
    declarations.macro(
      Macro(macro, member: true, arguments: nil) { context, target, arguments throws(MacroError) in
        try MathLibrary.expand("math.\(macro)()", function, &context, target, arguments)
      })
  }

  /// The number, decoded.
  private static func number(_ value: Value) throws(EvaluationError) -> Value {
    let number = value.native
    switch number {
    case .int, .uint, .double: return number
    default: throw .noMatchingOverload
    }
  }

  private static func order(_ left: Value, _ right: Value) throws(EvaluationError) -> Int {
    guard let order = try ValueOrder.compare(left, right) else {
      throw .invalidArgument("NaN values cannot be ordered")
    }
    return order
  }

  private static func expand(
    _ name: String, _ function: String, _ context: inout MacroContext, _ target: Expr?, _ arguments: [Expr]
  ) throws(MacroError) -> Expr? {
    guard let target, case .identifier("math") = target.kind else { return nil }
    switch arguments.count {
    case 0: throw MacroError(target, "\(name) requires at least one argument")
    case 1:
      guard mayBeNumber(arguments[0]) || isListOfNumbers(arguments[0]) else {
        throw MacroError(arguments[0], "\(name) invalid single argument value")
      }
      return context.call(function, arguments[0])
    default:
      for argument in arguments where !mayBeNumber(argument) {
        throw MacroError(argument, "\(name) simple literal arguments must be numeric")
      }
      if arguments.count == 2 { return context.call(function, arguments[0], arguments[1]) }
      let list = context.make(.list(arguments.map { Expr.Element(value: $0, isOptional: false) }))
      return context.call(function, list)
    }
  }

  private static func mayBeNumber(_ expression: Expr) -> Bool {
    switch expression.kind {
    case .literal(.int), .literal(.uint), .literal(.double): true
    case .literal, .list, .map, .message: false
    case .identifier, .select, .call, .comprehension: true
    }
  }

  private static func isListOfNumbers(_ expression: Expr) -> Bool {
    guard case .list(let elements) = expression.kind else { return false }
    return !elements.isEmpty && elements.allSatisfy { mayBeNumber($0.value) }
  }
}
