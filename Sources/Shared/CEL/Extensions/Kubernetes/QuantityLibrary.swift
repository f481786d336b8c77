// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' `quantity` library: exact comparison of and arithmetic with resource quantities such as
/// `1.5Gi`.
public struct QuantityLibrary: Library {
  /// `kubernetes.quantity`
  public let name = "kubernetes.quantity"

  /// The library.
  public init() {}

  /// A quantity keeps each digit in a byte.
  private static let reading = Overload.Cost.custom { 20 + WorkCost.bytes($0[0]) / 2 }

  /// Adds the type `kubernetes.Quantity` and its functions.
  public func declare(in declarations: inout Declarations) {
    declarations.type(Quantity.celTypeName, Quantity.valueType)
    declarations.function(
      "quantity",
      .unary("string_to_quantity", cost: Self.reading) { (text: String) throws(EvaluationError) in
        try Quantity(parsing: text)
      })
    declarations.function(
      "isQuantity",
      .unary("is_quantity_string", cost: Self.reading) { (text: String) in
        (try? Quantity(parsing: text)) != nil
      })
    declareConversions(in: &declarations)
    declareOperations(in: &declarations)
  }

  private func declareConversions(in declarations: inout Declarations) {
    declarations.function(
      "sign",
      .unary("quantity_sign", member: true) { (quantity: Quantity) in Int64(quantity.number.sign) },
      // Kubernetes documents `sign` as a member, and declares a function too.
      .unary("quantity_sign_function") { (quantity: Quantity) in Int64(quantity.number.sign) })
    declarations.function(
      "isInteger",
      .unary("quantity_is_integer", member: true, cost: .linear) { (quantity: Quantity) in
        quantity.number.int64 != nil
      })
    declarations.function(
      "asInteger",
      .unary("quantity_get_int", member: true, cost: .linear) {
        (quantity: Quantity) throws(EvaluationError) in
        guard let value = quantity.number.int64 else {
          throw .invalidArgument("cannot convert value to integer")
        }
        return value
      })
    declarations.function(
      "asApproximateFloat",
      .unary("quantity_get_float", member: true, cost: .linear) { (quantity: Quantity) in
        quantity.number.double
      })
  }

  private func declareOperations(in declarations: inout Declarations) {
    // A sum can have all digits from the highest place to the lowest place of its operands.
    let adding = Overload.Cost.custom { arguments in
      let numbers = arguments.map { Quantity.extract($0)?.number ?? DecimalNumber(.max) }
      let top = numbers.reduce(0) { max($0, $1.digits.count + $1.exponent) }
      let bottom = numbers.reduce(0) { min($0, $1.exponent) }
      return 40 + (top - bottom) / 4
    }
    declarations.function(
      "isGreaterThan",
      .binary("quantity_is_greater_than", member: true, cost: .linear) { (left: Quantity, right: Quantity) in
        left.number > right.number
      })
    declarations.function(
      "isLessThan",
      .binary("quantity_is_less_than", member: true, cost: .linear) { (left: Quantity, right: Quantity) in
        left.number < right.number
      })
    declarations.function(
      "compareTo",
      .binary("quantity_compare_to", member: true, cost: .linear) {
        (left: Quantity, right: Quantity) -> Int64 in
        left.number == right.number ? 0 : (left.number < right.number ? -1 : 1)
      })
    declarations.function(
      "add",
      .binary("quantity_add", member: true, cost: adding) { (left: Quantity, right: Quantity) in left + right
      },
      .binary("quantity_add_int", member: true, cost: adding) { (left: Quantity, right: Int64) in
        left + Quantity(DecimalNumber(right), .decimalExponent)
      })
    declarations.function(
      "sub",
      .binary("quantity_sub", member: true, cost: adding) { (left: Quantity, right: Quantity) in left - right
      },
      .binary("quantity_sub_int", member: true, cost: adding) { (left: Quantity, right: Int64) in
        left - Quantity(DecimalNumber(right), .decimalExponent)
      })
  }
}
