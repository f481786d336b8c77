// SPDX-License-Identifier: Apache-2.0

/// A set of functions, macros, constants and types that an environment can have.
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
  /// A name for messages; a library of the same name is added once.
  var name: String { get }
  /// Adds everything the library brings.
  func declare(in declarations: inout Declarations)
}

/// What an environment knows: functions by name, macros, constants and types.
public struct Declarations: Sendable {
  var functions: [String: [Overload]] = [:]
  var macros: [MacroKey: Macro] = [:]
  var constants: [String: (type: ValueType, value: Value)] = [:]
  /// Names of types that stand for themselves in an expression, such as `int` or `net.IP`.
  var types: [String: ValueType] = [:]
  /// Ids of the overloads that the planner knows itself; its nodes do what their implementations do.
  var builtins: Set<String> = []

  struct MacroKey: Hashable, Sendable {
    let name: String
    let isMember: Bool
    /// Nil for a macro of any number of arguments.
    let argumentCount: Int?
  }

  /// Adds overloads to a function; one with the id of an earlier one takes its place.
  public mutating func function(_ name: String, _ overloads: Overload...) {
    function(name, overloads)
  }

  /// Adds overloads to a function; one with the id of an earlier one takes its place.
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

  /// Adds a macro; one of the same name, form and number of arguments takes its place.
  public mutating func macro(_ macro: Macro) {
    let key = MacroKey(name: macro.name, isMember: macro.isMember, argumentCount: macro.argumentCount)
    macros[key] = macro
  }

  /// Adds a named constant.
  public mutating func constant(_ name: String, _ type: ValueType, _ value: Value) {
    constants[name] = (type, value)
  }

  /// Adds the name of a type, usable as an expression of type `type(type)`.
  public mutating func type(_ name: String, _ type: ValueType) { types[name] = type }
}
