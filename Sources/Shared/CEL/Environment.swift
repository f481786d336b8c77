// SPDX-License-Identifier: Apache-2.0

/// What expressions may use: variables with their types, functions, macros, a container and limits.
///
/// Immutable once made and shared freely between threads; every program compiled in it numbers the variables alike,
/// so that one ``Activation`` serves them all.
///
/// ```swift
/// let environment = Environment(variables: [Variable("object", .dyn)], libraries: StandardLibraries.all)
/// let program = try environment.compile("object.status.phase == 'Running'")
/// var activation = Activation(environment)
/// activation["object"] = .map([…])
/// let result = try program.evaluate(&activation)
/// ```
public struct Environment: Sendable {
  /// The variables; a variable's place is its slot in an ``Activation``.
  public let variables: [Variable]
  /// The namespace in which names are looked up first: in `a.b` the name `x` means `a.b.x`, then `a.x`, then `x`.
  public let container: String
  /// Switches.
  public let options: Options
  /// The object types that variables and their fields may have.
  public let objectTypes: (any ObjectTypeProvider)?
  /// Bounds on what is accepted and done.
  public let limits: Limits

  /// The same for all copies of an environment, and for what is made from it.
  let identity = Identity()
  let declarations: Declarations
  let slots: [String: Int]
  /// How many parts the longest name has that an expression may use: no longer chain of selections can be a name.
  let longestName: Int

  final class Identity: Sendable {}

  /// How expressions are read.
  public struct Options: Sendable {
    /// Whether `has`, `all`, `map` and the like are rewritten; without it they are plain calls.
    public var macros = true
    /// Whether types are checked before running. Without it names and overloads are resolved while evaluating.
    public var checks = true
    /// The variable whose members stand in for names that are declared nowhere: with `object` here, `status` means
    /// `object.status`. Their type is dyn, or that of the field if the variable has an object type.
    public var fallbackVariable: String?
    /// What to say about the name of a type, `bytes` say, that is used as a value: nil accepts it.
    ///
    /// For environments whose data has keys of such names, so that `bytes` is easily written where the key is meant. Names
    /// that are compared with another type, as in `type(x) == bytes` and `type(x) in [int, uint]`, are always accepted.
    public var refuseTypeName: (@Sendable (_ name: String) -> String?)?

    /// Whether `has(x.y)` is false where `x` is a number, string, bool or null, as cel-go and Kubernetes have it. It fails in
    /// the specification's dialect.
    public var hasIsFalseForScalars = false
    /// Whether a call with constant arguments that is sure to fail is refused when it is compiled, as Kubernetes does:
    /// `int('abc')`, `quantity('1Q')`, `'%q'.format([x])`. A constant that is not a regular expression, a timestamp or a
    /// duration is always refused.
    public var refusesFailingConstants = false

    /// The defaults: macros and checks on, no fallback, and what the dialect has.
    public init(_ dialect: Dialect = .specification) {
      hasIsFalseForScalars = dialect != .specification
      refusesFailingConstants = dialect == .kubernetes
    }
  }

  /// An environment with the standard library, and these libraries on top.
  public init(
    variables: [Variable] = [], container: String = "", libraries: [any Library] = [],
    objectTypes: (any ObjectTypeProvider)? = nil, options: Options = Options(), limits: Limits = Limits()
  ) {
    self.variables = variables
    self.container = container
    self.objectTypes = objectTypes
    self.options = options
    self.limits = limits
    var declarations = Declarations()
    var added: Set<String> = []
    for library in [StandardLibrary()] + libraries where added.insert(library.name).inserted {
      library.declare(in: &declarations)
    }
    self.declarations = declarations
    let names = [
      variables.map(\.name), Array(declarations.constants.keys), Array(declarations.types.keys),
      Array(declarations.functions.keys),
    ].joined()
    self.longestName = names.reduce(1) { max($0, $1.split(separator: ".").count) }
    self.slots = Dictionary(
      variables.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// Reads, checks and plans an expression.
  ///
  /// - Throws: a ``CompileError`` with the place and the reason, for every error that is known before the
  /// program runs.
  public func compile(_ source: String) throws(CompileError) -> Program {
    try DeepStack.run(for: source) { () throws(CompileError) in try compileHere(source) }
  }
}

/// A name that an expression may use, and its type.
public struct Variable: Sendable {
  /// The name; may be qualified, as in `request.auth`.
  public let name: String
  /// The type; `.dyn` if it is only known at run time.
  public let type: ValueType

  /// A variable.
  public init(_ name: String, _ type: ValueType) {
    self.name = name
    self.type = type
  }
}

/// Bounds that make an expression from a stranger safe to compile and to run.
public struct Limits: Sendable {
  /// Bytes of source.
  public var sourceSize = 100_000
  /// How deep brackets and calls may nest.
  public var nesting = 200
  /// How deep the tree of the expression may be, macros expanded; a chain such as `a + b + c` is as deep as it is long.
  public var depth = 500
  /// Nodes of the expression after macros have been expanded.
  public var nodes = 50_000
  /// The default cost limit of an evaluation; see ``Program/evaluate(_:costLimit:)``.
  public var cost = 10_000_000

  /// The defaults.
  public init() {}
}
