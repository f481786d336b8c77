// SPDX-License-Identifier: Apache-2.0

/// The comprehensions with two variables: index and element of a list, or key and value of a map.
enum TwoVariableMacros {
  static let all: [Macro] = [
    Macro("all", member: true, arguments: 3, Fold.all),
    Macro("exists", member: true, arguments: 3, Fold.exists),
    Macro("exists_one", member: true, arguments: 3, Fold.existsOne),
    Macro("existsOne", member: true, arguments: 3, Fold.existsOne),
    Macro("transformList", member: true, arguments: 3) { (context, target, arguments) throws(MacroError) in
      try Fold.list(&context, target, arguments, predicate: nil, variables: 2)
    },
    Macro("transformList", member: true, arguments: 4) { (context, target, arguments) throws(MacroError) in
      try Fold.list(&context, target, arguments, predicate: arguments[2], variables: 2)
    },
    Macro("transformMap", member: true, arguments: 3) { (context, target, arguments) throws(MacroError) in
      try map(&context, target, arguments, predicate: nil, isEntry: false)
    },
    Macro("transformMap", member: true, arguments: 4) { (context, target, arguments) throws(MacroError) in
      try map(&context, target, arguments, predicate: arguments[2], isEntry: false)
    },
    Macro("transformMapEntry", member: true, arguments: 3) {
      (context, target, arguments) throws(MacroError) in
      try map(&context, target, arguments, predicate: nil, isEntry: true)
    },
    Macro("transformMapEntry", member: true, arguments: 4) {
      (context, target, arguments) throws(MacroError) in
      try map(&context, target, arguments, predicate: arguments[2], isEntry: true)
    },
  ]

  /// Expands to a comprehension that adds `key: transform`, or the entries of the map that `transform`
  /// returns.
  private static func map(
    _ context: inout MacroContext, _ target: Expr?, _ arguments: [Expr], predicate: Expr?, isEntry: Bool
  ) throws(MacroError) -> Expr? {
    let transform = arguments[arguments.count - 1]
    let accumulator = context.identifier(MacroContext.accumulator)
    let step: Expr
    if isEntry {
      step = context.call("cel.@mapInsert", accumulator, transform)
    } else {
      let key = context.identifier(try Fold.name(arguments[0]))
      step = context.call("cel.@mapInsert", accumulator, key, transform)
    }
    let chosen = Fold.choose(&context, predicate, step)
    let go = context.literal(.bool(true))
    let result = context.identifier(MacroContext.accumulator)
    return try Fold.make(
      &context, target, arguments, context.make(.map([])), go, chosen, result, variables: 2)
  }
}
