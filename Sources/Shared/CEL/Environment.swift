// SPDX-License-Identifier: Apache-2.0

/// The declarations that expressions can use: variables with their types, functions, macros, a container, and
/// limits.
///
/// An environment is immutable and can be used from any number of threads. All its programs number the
/// variables in the same way, so that one ``Activation`` can be used for all of them.
///
/// ```swift
/// let environment = Environment(variables: [Variable("object", .dyn)], libraries: StandardLibraries.all)
/// let program = try environment.compile("object.status.phase == 'Running'")
/// var activation = Activation(environment)
/// activation["object"] = .map([…])
/// let result = try program.evaluate(&activation)
/// ```
public struct Environment: Sendable {
  /// The variables. A variable's index is its slot in an ``Activation``.
  public let variables: [Variable]
  /// The namespace in which names are looked up first. In container `a.b`, the name `x` is looked up as
  /// `a.b.x`, then as `a.x`, then as `x`.
  public let container: String
  /// The options.
  public let options: Options
  /// The object types of variables and their fields.
  public let objectTypes: (any ObjectTypeProvider)?
  /// The limits on source text, tree and evaluation.
  public let limits: Limits

  /// Identifies this environment, its copies, and the programs and activations made from it.
  let identity = Identity()
  let declarations: Declarations
  let slots: [String: Int]
  /// The number of parts of the longest declared name. A longer chain of selections cannot be a name.
  let longestName: Int

  final class Identity: Sendable {}

  /// Options of parsing and checking.
  public struct Options: Sendable {
    /// Whether macros such as `has`, `all` and `map` are expanded. Otherwise they are plain calls.
    public var macros = true
    /// Whether types are checked at compilation. Otherwise names and overloads are resolved at evaluation.
    public var checks = true
    /// The variable whose members are used for undeclared names: with `object` here, `status` means
    /// `object.status`. The type of such a name is dyn, or the field's type if the variable has an object
    /// type.
    public var fallbackVariable: String?
    /// Returns an error message for the name of a type, such as `bytes`, that is used as a value; nil accepts
    /// the name.
    ///
    /// This is for environments whose data may have keys with such names, where an author may write `bytes`
    /// and mean the key. Names that are compared with a type, as in `type(x) == bytes` and `type(x) in [int,
    /// uint]`, are always accepted.
    public var refuseTypeName: (@Sendable (_ name: String) -> String?)?

    /// Whether `has(x.y)` is false if `x` is a number, string, bool or null, as in cel-go and Kubernetes. In
    /// the specification's dialect it is an error.
    public var hasIsFalseForScalars = false
    /// Whether a call that always fails because of its constant arguments is a compile error, as in
    /// Kubernetes: `int('abc')`, `quantity('1Q')`, `'%q'.format([x])`. An invalid constant regular
    /// expression, timestamp or duration is always a compile error.
    public var refusesFailingConstants = false

    /// Creates the default options of a dialect: macros and checks on, no fallback variable.
    public init(_ dialect: Dialect = .specification) {
      hasIsFalseForScalars = dialect != .specification
      refusesFailingConstants = dialect == .kubernetes
    }
  }

  /// Creates an environment with the standard library and the given libraries.
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

  /// Compiles an expression.
  ///
  /// - Throws: ``CompileError``, with place and reason, for every error that is known before the
  /// program runs.
  public func compile(_ source: String) throws(CompileError) -> Program {
    try DeepStack.run(for: source) { () throws(CompileError) in try compileHere(source) }
  }
}

/// A variable of an environment: a name and its type.
public struct Variable: Sendable {
  /// The name. It may be qualified, as in `request.auth`.
  public let name: String
  /// The type; `.dyn` if it is only known at run time.
  public let type: ValueType

  /// Creates a variable.
  public init(_ name: String, _ type: ValueType) {
    self.name = name
    self.type = type
  }
}

/// Limits that make it safe to compile and evaluate untrusted expressions.
public struct Limits: Sendable {
  /// Maximum size of the source, in bytes.
  public var sourceSize = 100_000
  /// Maximum nesting depth of brackets and calls.
  public var nesting = 200
  /// Maximum depth of the tree after macro expansion. A chain such as `a + b + c` has one level for each
  /// operator.
  public var depth = 500
  /// Maximum number of nodes after macro expansion.
  public var nodes = 50_000
  /// The default cost limit of an evaluation; see ``Program/evaluate(_:costLimit:)``.
  public var cost = 10_000_000

  /// Creates the default limits.
  public init() {}
}
