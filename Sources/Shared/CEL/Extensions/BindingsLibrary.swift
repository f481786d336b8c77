// SPDX-License-Identifier: Apache-2.0

/// The `bindings` extension: `cel.bind(name, value, expression)`.
public struct BindingsLibrary: Library {
  /// `bindings`
  public let name = "bindings"

  /// The library.
  public init() {}

  /// Adds the macro.
  public func declare(in declarations: inout Declarations) {
    declarations.macro(
      Macro("bind", member: true, arguments: 3) { context, target, arguments throws(MacroError) in
        guard case .identifier("cel") = target?.kind else { return nil }
        guard case .identifier(let name) = arguments[0].kind else {
          throw MacroError(arguments[0], "cel.bind() variable names must be simple identifiers")
        }
        return context.bind(name, to: arguments[1], in: arguments[2])
      })
  }
}

/// The `blocks` extension: `cel.block([a, b, …], expression)`, as optimizers write it. Each value is computed
/// once and used by its index.
///
/// `cel.index(n)` is the value at index n; later values can use it too. `cel.iterVar(depth, n)` and
/// `cel.accuVar(depth, n)` are unique names for the variables of macros.
public struct BlocksLibrary: Library {
  /// `blocks`
  public let name = "blocks"

  /// The library.
  public init() {}

  /// Adds the macros.
  public func declare(in declarations: inout Declarations) {
    declarations.macro(
      Macro("block", member: true, arguments: 2) { context, target, arguments throws(MacroError) in
        guard case .identifier("cel") = target?.kind else { return nil }
        guard case .list(let elements) = arguments[0].kind else {
          throw MacroError(arguments[0], "cel.block requires a list of values")
        }
        var body = arguments[1]
        for (place, element) in elements.enumerated().reversed() {
          body = context.bind("@index\(place)", to: element.value, in: body)
        }
        return body
      })
    declarations.macro(
      Macro("index", member: true, arguments: 1) { context, target, arguments throws(MacroError) in
        try BlocksLibrary.name("@index", "cel.index", &context, target, arguments)
      })
    declarations.macro(
      Macro("iterVar", member: true, arguments: 2) { context, target, arguments throws(MacroError) in
        try BlocksLibrary.name("@it:", "cel.iterVar", &context, target, arguments)
      })
    declarations.macro(
      Macro("accuVar", member: true, arguments: 2) { context, target, arguments throws(MacroError) in
        try BlocksLibrary.name("@ac:", "cel.accuVar", &context, target, arguments)
      })
  }

  private static func name(
    _ prefix: String, _ function: String, _ context: inout MacroContext, _ target: Expr?, _ arguments: [Expr]
  ) throws(MacroError) -> Expr? {
    guard case .identifier("cel") = target?.kind else { return nil }
    var numbers: [String] = []
    for argument in arguments {
      guard case .literal(.int(let number)) = argument.kind, number >= 0 else {
        throw MacroError(argument, "\(function) takes non-negative int literals")
      }
      numbers.append("\(number)")
    }
    return context.identifier(prefix + numbers.joined(separator: ":"))
  }
}
