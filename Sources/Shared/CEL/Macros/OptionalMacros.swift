// SPDX-License-Identifier: Apache-2.0

/// `optional.optMap(x, expression)` and `optional.optFlatMap(x, expression)`.
enum OptionalMacros {
  static let all: [Macro] = [
    Macro("optMap", member: true, arguments: 2) { (context, target, arguments) throws(MacroError) in
      try expand(&context, target, arguments, wraps: true)
    },
    Macro("optFlatMap", member: true, arguments: 2) { (context, target, arguments) throws(MacroError) in
      try expand(&context, target, arguments, wraps: false)
    },
  ]

  private static let held = "@optional"

  /// Binds the target to a variable, so that it occurs only once in the tree. So a chain of these macros
  /// stays small.
  private static func expand(
    _ context: inout MacroContext, _ target: Expr?, _ arguments: [Expr], wraps: Bool
  ) throws(MacroError) -> Expr? {
    guard let target else { return nil }
    let variable = try Fold.name(arguments[0])
    let value = context.call(on: context.identifier(held), "value")
    let mapped = context.bind(variable, to: value, in: arguments[1])
    let some = wraps ? context.call("optional.of", mapped) : mapped
    let hasValue = context.call(on: context.identifier(held), "hasValue")
    let none = context.call("optional.none")
    let choice = context.call("_?_:_", hasValue, some, none)
    return context.bind(held, to: target, in: choice)
  }
}
