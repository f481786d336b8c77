// SPDX-License-Identifier: Apache-2.0

/// `left + right` and the other binary arithmetic operators
final class ArithmeticNode: Node, @unchecked Sendable {
  let left: Node
  let right: Node
  let operation: Arithmetic

  init(_ expression: Expr, _ left: Node, _ right: Node, _ operation: Arithmetic) {
    self.left = left
    self.right = right
    self.operation = operation
    super.init(offset: expression.offset, cost: left.cost + right.cost + 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    let leftValue = try left.evaluate(&activation)
    let rightValue = try right.evaluate(&activation)
    do throws(EvaluationError) {
      if case .int(let left) = leftValue, case .int(let right) = rightValue {
        return .int(try operation.apply(left, right))
      }
      let (left, right) = (leftValue.native, rightValue.native)
      if operation == .add { try activation.spend(Arithmetic.additionCost(left, right)) }
      return try operation.apply(left, right)
    } catch {
      guard error.code != .noMatchingOverload else { throw mismatch(operation.symbol, leftValue, rightValue) }
      throw error.located(at: offset)
    }
  }
}

/// `-operand`
final class NegateNode: Node, @unchecked Sendable {
  let operand: Node

  init(_ expression: Expr, _ operand: Node) {
    self.operand = operand
    super.init(offset: expression.offset, cost: operand.cost + 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    let value = try operand.evaluate(&activation)
    do throws(EvaluationError) { return try Arithmetic.negate(value) } catch {
      guard error.code != .noMatchingOverload else { throw mismatch("-", [value]) }
      throw error.located(at: offset)
    }
  }
}

/// The arithmetic operators, for numbers and all other types that have them.
enum Arithmetic: Sendable {
  case add, subtract, multiply, divide, remainder

  var symbol: String {
    switch self {
    case .add: "+"
    case .subtract: "-"
    case .multiply: "*"
    case .divide: "/"
    case .remainder: "%"
    }
  }

  @inline(__always)
  func apply(_ left: Int64, _ right: Int64) throws(EvaluationError) -> Int64 {
    let result: (partialValue: Int64, overflow: Bool)
    switch self {
    case .add: result = left.addingReportingOverflow(right)
    case .subtract: result = left.subtractingReportingOverflow(right)
    case .multiply: result = left.multipliedReportingOverflow(by: right)
    case .divide:
      if right == 0 { throw EvaluationError(.divisionByZero) }
      result = left.dividedReportingOverflow(by: right)
    case .remainder:
      if right == 0 { throw EvaluationError(.divisionByZero, "modulus by zero") }
      result = left.remainderReportingOverflow(dividingBy: right)
    }
    if result.overflow { throw EvaluationError(.overflow) }
    return result.partialValue
  }

  private func apply(_ left: UInt64, _ right: UInt64) throws(EvaluationError) -> UInt64 {
    let result: (partialValue: UInt64, overflow: Bool)
    switch self {
    case .add: result = left.addingReportingOverflow(right)
    case .subtract: result = left.subtractingReportingOverflow(right)
    case .multiply: result = left.multipliedReportingOverflow(by: right)
    case .divide:
      if right == 0 { throw EvaluationError(.divisionByZero) }
      result = (left / right, false)
    case .remainder:
      if right == 0 { throw EvaluationError(.divisionByZero, "modulus by zero") }
      result = (left % right, false)
    }
    if result.overflow { throw EvaluationError(.overflow) }
    return result.partialValue
  }

  func apply(_ left: Value, _ right: Value) throws(EvaluationError) -> Value {
    switch (self, left, right) {
    case (_, .int(let left), .int(let right)): return .int(try apply(left, right))
    case (_, .uint(let left), .uint(let right)): return .uint(try apply(left, right))
    case (.add, .double(let left), .double(let right)): return .double(left + right)
    case (.subtract, .double(let left), .double(let right)): return .double(left - right)
    case (.multiply, .double(let left), .double(let right)): return .double(left * right)
    case (.divide, .double(let left), .double(let right)): return .double(left / right)
    case (.add, .string(let left), .string(let right)): return .string(left + right)
    case (.add, .bytes(let left), .bytes(let right)): return .bytes(left + right)
    case (.add, .list(let left), .list(let right)): return .list(left.concatenated(with: right))
    case (.add, .timestamp(let time), .duration(let span)), (.add, .duration(let span), .timestamp(let time)):
      return .timestamp(try time.advanced(by: span))
    case (.subtract, .timestamp(let time), .duration(let span)):
      return .timestamp(try time.advanced(by: span.negated()))
    case (.subtract, .timestamp(let left), .timestamp(let right)): return .duration(try left.since(right))
    case (.add, .duration(let left), .duration(let right)),
      (.subtract, .duration(let left), .duration(let right)):
      do throws(EvaluationError) {
        return .duration(DurationValue(nanoseconds: try apply(left.nanoseconds, right.nanoseconds)))
      } catch {
        throw EvaluationError(.outOfRange, "duration")
      }
    default: throw .noMatchingOverload
    }
  }

  static func negate(_ value: Value) throws(EvaluationError) -> Value {
    switch value.native {
    case .int(let value):
      guard value != .min else { throw EvaluationError(.overflow) }
      return .int(-value)
    case .double(let value): return .double(-value)
    default: throw .noMatchingOverload
    }
  }

  /// The cost of a concatenation, in addition to 1.
  @inline(__always)
  static func additionCost(_ left: Value, _ right: Value) -> Int {
    switch (left, right) {
    case (.string(let left), .string(let right)): Steps.making(bytes: left.utf8.count + right.utf8.count)
    case (.bytes(let left), .bytes(let right)): Steps.making(bytes: left.count + right.count)
    case (.list(let left), .list(let right)): Steps.making(elements: left.count + right.count)
    default: 0
    }
  }
}

extension ListValue {
  func concatenated(with other: ListValue) -> ListValue {
    if isEmpty { return other }
    if other.isEmpty { return self }
    return ListValue(rawElements + other.rawElements, weight: weight.addingSaturated(other.weight - 1))
  }
}

extension TimestampValue {
  func advanced(by span: DurationValue) throws(EvaluationError) -> TimestampValue {
    let whole = span.nanoseconds / 1_000_000_000
    var nanos = Int64(nanoseconds) + span.nanoseconds % 1_000_000_000
    var seconds = self.seconds + whole
    if nanos < 0 {
      nanos += 1_000_000_000
      seconds -= 1
    } else if nanos >= 1_000_000_000 {
      nanos -= 1_000_000_000
      seconds += 1
    }
    guard
      let result = TimestampValue(
        seconds: seconds, nanoseconds: Int32(nanos), offsetMinutes: offsetMinutes)
    else {
      throw EvaluationError(.outOfRange, "timestamp")
    }
    return result
  }

  func since(_ other: TimestampValue) throws(EvaluationError) -> DurationValue {
    let nanos = Int64(nanoseconds) - Int64(other.nanoseconds)
    guard let result = DurationValue(seconds: seconds - other.seconds, nanoseconds: nanos) else {
      throw EvaluationError(.outOfRange, "duration")
    }
    return result
  }
}

extension DurationValue {
  func negated() throws(EvaluationError) -> DurationValue {
    guard nanoseconds != .min else { throw EvaluationError(.outOfRange, "duration") }
    return DurationValue(nanoseconds: -nanoseconds)
  }
}
