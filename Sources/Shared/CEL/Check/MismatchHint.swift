// SPDX-License-Identifier: Apache-2.0

/// What to write instead of an operator between types that do not fit.
enum MismatchHint {
  private static let comparisons: Set<String> = ["_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"]

  /// A remedy after a colon, or nothing.
  static func hint(_ function: String, _ arguments: [Expr], _ types: [ValueType]) -> String {
    guard arguments.count == 2, types.count == 2 else { return "" }
    let text = remedy(function, arguments, types)
    return text.isEmpty ? "" : ": \(text)"
  }

  private static func remedy(_ function: String, _ arguments: [Expr], _ types: [ValueType]) -> String {
    let isComparison = comparisons.contains(function)
    if isComparison, case .call(nil, let inner, _) = arguments[0].kind {
      if comparisons.contains(inner) { return "comparisons cannot be chained, write a < b && b < c" }
      if inner == "!_" { return "! applies to the left side only, write !(a == b)" }
    }
    switch (function, types[0], types[1]) {
    case (_, .type, .string) where isComparison, (_, .string, .type) where isComparison:
      return "write the type without quotes, as in type(x) == int"
    case ("contains", _, let other) where other != .string && other != .dyn:
      return "write x in list for an element"
    case ("_+_", .string, let other), ("_+_", let other, .string):
      return [.int, .uint, .double, .bool, .timestamp, .duration].contains(other)
        ? "convert it with string(x)" : ""
    case (_, .duration, .string), (_, .string, .duration): return "write duration(\"1h\")"
    case (_, .timestamp, .string), (_, .string, .timestamp):
      return "write timestamp(\"2026-01-31T00:00:00Z\")"
    case ("_*_", .string, _), ("_*_", _, .string): return ""
    case ("_+_", .int, .double), ("_-_", .int, .double), ("_*_", .int, .double), ("_/_", .int, .double),
      ("_+_", .double, .int), ("_-_", .double, .int), ("_*_", .double, .int), ("_/_", .double, .int):
      return "numbers are not converted, write double(x)"
    default: return ""
    }
  }
}
