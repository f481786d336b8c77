// SPDX-License-Identifier: Apache-2.0

/// `optional.of(x)` and the functions on optionals.
enum OptionalFunctions {
  private static let optional = ValueType.optional(.t)

  static func declare(in declarations: inout Declarations) {
    declarations.type("optional_type", .optional(.dyn))
    declarations.function(
      "optional.none", .nullary("optional_none", returns: optional) { () in Value.optional(nil) })
    declarations.function(
      "optional.of",
      .unary("optional_of", .t, returns: optional) { (value: Value) in Value.optional(value) }
        .keepingNumbers())
    declarations.function(
      "optional.ofNonZeroValue",
      .unary("optional_ofNonZeroValue", .t, returns: optional) { (value: Value) in
        Value.optional(value.isZero ? nil : value)
      }.keepingNumbers())
    declarations.function(
      "hasValue",
      .unary("optional_hasValue", member: true, optional) { (value: Value) throws(EvaluationError) in
        try inner(value) != nil
      })
    declarations.function(
      "value",
      .unary("optional_value", member: true, optional, returns: .t) {
        (value: Value) throws(EvaluationError) in
        guard let inner = try inner(value) else { throw EvaluationError(.noneDereference) }
        return inner
      })
    declarations.function(
      "or", Overload("optional_or_optional", member: true, [optional, optional], returns: optional, nil))
    declarations.function(
      "orValue", Overload("optional_orValue_value", member: true, [optional, .t], returns: .t, nil))
    declarations.builtins.formUnion(["optional_or_optional", "optional_orValue_value"])
    declarations.function(
      "optional.unwrap", .unary("optional_unwrap", .list(optional), returns: .list(.t), cost: .linear, unwrap)
    )
    declarations.function(
      "unwrapOpt",
      .unary("optional_unwrapOpt", member: true, .list(optional), returns: .list(.t), cost: .linear, unwrap))
  }

  private static func inner(_ value: Value) throws(EvaluationError) -> Value? {
    guard case .optional(let inner) = value else { throw .noMatchingOverload }
    return inner
  }

  /// The values of the optionals that are not empty.
  @Sendable private static func unwrap(_ list: ListValue) throws(EvaluationError) -> ListValue {
    var result: [Value] = []
    for element in list {
      if let value = try inner(element) { result.append(value) }
    }
    return ListValue(result)
  }
}

extension Value {
  /// Whether the value is the zero value of its type: null, false, 0, or empty.
  var isZero: Bool {
    switch native {
    case .null: true
    case .bool(let value): !value
    case .int(let value): value == 0
    case .uint(let value): value == 0
    case .double(let value): value == 0
    case .string(let value): value.isEmpty
    case .bytes(let value): value.isEmpty
    case .list(let value): value.isEmpty
    case .map(let value): value.count == 0
    case .duration(let value): value.nanoseconds == 0
    case .timestamp(let value): value.seconds == TimestampValue.minimumSeconds && value.nanoseconds == 0
    case .optional(let value): value == nil
    case .type, .opaque, .foreign: false
    }
  }
}
