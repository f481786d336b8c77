// SPDX-License-Identifier: Apache-2.0

/// CEL's standard library: operators, conversions, macros, optionals. Every environment has it.
struct StandardLibrary: Library {
  let name = "standard"

  func declare(in declarations: inout Declarations) {
    for macro in StandardMacros.all + TwoVariableMacros.all + OptionalMacros.all { declarations.macro(macro) }
    LogicFunctions.declare(in: &declarations)
    ComparisonFunctions.declare(in: &declarations)
    ArithmeticFunctions.declare(in: &declarations)
    StringFunctions.declare(in: &declarations)
    ContainerFunctions.declare(in: &declarations)
    // The planner has specialised nodes for all overloads that are declared so far.
    declarations.builtins = Set(declarations.functions.values.joined().map(\.id))
    OptionalFunctions.declare(in: &declarations)
    ConversionFunctions.declare(in: &declarations)
    TimestampFunctions.declare(in: &declarations)
    DurationFunctions.declare(in: &declarations)
    declareTypes(in: &declarations)
  }

  private func declareTypes(in declarations: inout Declarations) {
    let types: [ValueType] = [
      .null, .bool, .int, .uint, .double, .string, .bytes, .dynList, .dynMap, .type(.dyn),
    ]
    for type in types { declarations.type(type.runtimeName?.description ?? "", type) }
    declarations.type("google.protobuf.Timestamp", .timestamp)
    declarations.type("google.protobuf.Duration", .duration)
    declarations.type("optional_type", .optional(.dyn))
    // The only enum that the well-known messages need.
    declarations.constant("google.protobuf.NullValue.NULL_VALUE", .int, .int(0))
  }
}

/// `&&`, `||`, `!`, `?:`
enum LogicFunctions {
  static func declare(in declarations: inout Declarations) {
    // Never called: the planner has nodes that stop when one operand decides.
    declarations.function("_&&_", Overload("logical_and", [.bool, .bool], returns: .bool, nil))
    declarations.function("_||_", Overload("logical_or", [.bool, .bool], returns: .bool, nil))
    declarations.function("_?_:_", Overload("conditional", [.bool, .t, .t], returns: .t, nil))
    declarations.function("@not_strictly_false", Overload("not_strictly_false", [.bool], returns: .bool, nil))
    declarations.function("!_", .unary("logical_not") { (value: Bool) in !value })
  }
}

/// The comparison operators, such as `==` and `<`
enum ComparisonFunctions {
  private static let ordered: [(name: String, type: ValueType)] = [
    ("bool", .bool), ("int64", .int), ("uint64", .uint), ("double", .double), ("string", .string),
    ("bytes", .bytes), ("timestamp", .timestamp), ("duration", .duration),
  ]

  static func declare(in declarations: inout Declarations) {
    declarations.function(
      "_==_",
      Overload(
        "equals", [.t, .t], returns: .bool,
        .binary { (left, right) throws(EvaluationError) in .bool(left == right) }))
    declarations.function(
      "_!=_",
      Overload(
        "not_equals", [.t, .t], returns: .bool,
        .binary { (left, right) throws(EvaluationError) in .bool(left != right) }))
    for (function, name) in [
      ("_<_", "less"), ("_<=_", "less_equals"), ("_>_", "greater"), ("_>=_", "greater_equals"),
    ] {
      for (typeName, type) in ordered {
        declarations.function(function, Overload("\(name)_\(typeName)", [type, type], returns: .bool, nil))
      }
      let numbers = ordered.filter { [.int, .uint, .double].contains($0.type) }
      for left in numbers {
        for right in numbers where left.type != right.type {
          declarations.function(
            function,
            Overload("\(name)_\(left.name)_\(right.name)", [left.type, right.type], returns: .bool, nil))
        }
      }
    }
  }
}

/// `+`, `-`, `*`, `/`, `%`
enum ArithmeticFunctions {
  private static let numbers: [(name: String, type: ValueType)] = [
    ("int64", .int), ("uint64", .uint), ("double", .double),
  ]

  static func declare(in declarations: inout Declarations) {
    func declare(_ function: String, _ id: String, _ left: ValueType, _ right: ValueType, _ result: ValueType)
    {
      declarations.function(function, Overload(id, [left, right], returns: result, nil))
    }
    for (name, type) in numbers {
      declare("_+_", "add_\(name)", type, type, type)
      declare("_-_", "subtract_\(name)", type, type, type)
      declare("_*_", "multiply_\(name)", type, type, type)
      declare("_/_", "divide_\(name)", type, type, type)
      if type != .double { declare("_%_", "modulo_\(name)", type, type, type) }
      if type != .uint { declarations.function("-_", Overload("negate_\(name)", [type], returns: type, nil)) }
    }
    declare("_+_", "add_string", .string, .string, .string)
    declare("_+_", "add_bytes", .bytes, .bytes, .bytes)
    declare("_+_", "add_list", .list(.t), .list(.t), .list(.t))
    declare("_+_", "add_timestamp_duration", .timestamp, .duration, .timestamp)
    declare("_+_", "add_duration_timestamp", .duration, .timestamp, .timestamp)
    declare("_+_", "add_duration_duration", .duration, .duration, .duration)
    declare("_-_", "subtract_timestamp_timestamp", .timestamp, .timestamp, .duration)
    declare("_-_", "subtract_timestamp_duration", .timestamp, .duration, .timestamp)
    declare("_-_", "subtract_duration_duration", .duration, .duration, .duration)
  }
}
