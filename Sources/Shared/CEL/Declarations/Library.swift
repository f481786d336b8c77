// SPDX-License-Identifier: Apache-2.0

/// A set of functions, macros, constants and types that can be added to an environment.
///
/// ```swift
/// struct Shout: Library {
///   let name = "shout"
///   func declare(in declarations: inout Declarations) {
///     declarations.function("shout", .unary("string_shout", member: true) { (text: String) in text.uppercased() })
///   }
/// }
/// ```
public protocol Library: Sendable {
  /// The library's name. Of several libraries with the same name, an environment adds only one.
  var name: String { get }
  /// Adds the library's declarations.
  func declare(in declarations: inout Declarations)
}

/// The declarations of an environment: functions by name, macros, constants and types.
public struct Declarations: Sendable {
  var functions: [String: [Overload]] = [:]
  var macros: [MacroKey: Macro] = [:]
  var constants: [String: (type: ValueType, value: Value)] = [:]
  /// Type names that can be used in an expression, such as `int` or `net.IP`.
  var types: [String: ValueType] = [:]
  /// Ids of the overloads for which the planner has nodes that replace their implementations.
  var builtins: Set<String> = []

  struct MacroKey: Hashable, Sendable {
    let name: String
    let isMember: Bool
    /// The number of arguments; nil for a macro that takes any number.
    let argumentCount: Int?
  }

  /// Adds overloads to a function. An overload replaces an earlier one with the same id.
  public mutating func function(_ name: String, _ overloads: Overload...) {
    function(name, overloads)
  }

  /// Adds overloads to a function. An overload replaces an earlier one with the same id.
  public mutating func function(_ name: String, _ overloads: [Overload]) {
    var all = functions[name] ?? []
    for overload in overloads {
      if let index = all.firstIndex(where: { $0.id == overload.id }) {
        all[index] = overload
        builtins.remove(overload.id)
      } else {
        all.append(overload)
      }
    }
    functions[name] = all
  }

  /// Adds a macro. It replaces an earlier one with the same name, form and number of arguments.
  public mutating func macro(_ macro: Macro) {
    let key = MacroKey(name: macro.name, isMember: macro.isMember, argumentCount: macro.argumentCount)
    macros[key] = macro
  }

  /// Adds a named constant.
  public mutating func constant(_ name: String, _ type: ValueType, _ value: Value) {
    constants[name] = (type, value)
  }

  /// Adds the name of a type. As an expression, the name has the type `type(type)`.
  public mutating func type(_ name: String, _ type: ValueType) { types[name] = type }
}
