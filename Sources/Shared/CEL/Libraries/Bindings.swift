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
