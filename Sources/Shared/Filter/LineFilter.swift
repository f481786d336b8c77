// SPDX-License-Identifier: Apache-2.0

import CEL
import Events
import JSON

/// The parts of a filter. A line matches if all of them match.
package struct FilterOptions: Sendable, Hashable {
  /// A CEL expression with a bool value.
  package var expression: String?
  /// A field selector, in the syntax of `kubectl --field-selector`.
  package var fieldSelector: String?
  /// A label selector, in the syntax of `kubectl -l`.
  package var labelSelector: String?
  /// Event types, such as `ADDED`; empty for all. A line that is not an event has none.
  package var types: [String] = []
  /// The cost limit of evaluating one line; nil is CEL's own limit. Exceeding it is an evaluation error.
  package var costLimit: Int?

  /// A filter that matches every line.
  package init(
    expression: String? = nil, fieldSelector: String? = nil, labelSelector: String? = nil,
    types: [String] = [], costLimit: Int? = nil
  ) {
    self.expression = expression
    self.fieldSelector = fieldSelector
    self.labelSelector = labelSelector
    self.types = types
    self.costLimit = costLimit
  }
}

/// A filter or an expression over lines, compiled once. Immutable. Any number of threads can share it; each
/// evaluates with its own ``LineEvaluator``.
package final class LineFilter: Sendable {
  /// Whether `old` occurs, so that evaluation needs the previous line of the same key.
  package let usesOld: Bool
  /// The paths that are read below `old`. The empty path means all of it.
  package let oldPaths: Set<[String]>
  /// Whether `changes` occurs; ``usesOld`` is set then, too.
  package let usesChanges: Bool
  /// Whether `now` occurs: two evaluations of one line may differ.
  package let usesNow: Bool
  /// The source of the filter.
  package let options: FilterOptions
  /// The names that the command line gave it.
  package let scope: FilterScope
  /// The conditions that are tested on bytes, and those that are left to the evaluator, as `--explain` names them.
  package let clauses: [Clause]
  /// A text that `type` is compared with, and that would be the type of an event in capital letters.
  package let typeInLowercase: String?
  /// Its comparisons with numbers, and with strings that are numbers; nil if there are none.
  package let kindCheck: KindCheck?
  /// The maximum cost of evaluating, if the expression determines it; nil if it depends on the data.
  package let minimumCost: Int?

  /// Whether selectors or types drop lines for which the expression is not evaluated.
  package var hasSelectors: Bool {
    options.fieldSelector != nil || options.labelSelector != nil || !options.types.isEmpty
  }

  /// One operand of the outermost `&&`.
  package struct Clause: Sendable {
    /// Its source.
    package let text: String
    /// Whether bytes are compared, without evaluating.
    package let isCompared: Bool
  }

  let environment: Environment
  /// The expression, for lines that comparing bytes does not decide; nil if there are none.
  let program: Program?
  /// Whether each part of the expression is a condition of the tests. They leave a line to the program only if
  /// they say so.
  let isCompared: Bool
  let pathCount: Int
  /// The roots that the program reads besides these paths, usually none: see ``Scope/pathLimit``.
  let roots: [(slot: Int, path: ScopedPath)]
  /// How the value is printed; nil for a filter.
  let template: ValueTemplate?
  /// For events, and for plain lines. The same object if there is no difference.
  let eventTest: LineTest
  let plainTest: LineTest

  /// Compiles a filter.
  ///
  /// - Throws: ``FilterError`` for an invalid part, with its place and a caret.
  package convenience init(_ options: FilterOptions, scope: FilterScope = FilterScope()) throws(FilterError) {
    try self.init(options, scope, isFilter: true)
  }

  /// Compiles an expression whose value ``LineEvaluator/value(_:context:)`` returns.
  ///
  /// - Throws: ``FilterError``
  package convenience init(
    value expression: String, costLimit: Int? = nil, scope: FilterScope = FilterScope()
  ) throws(FilterError) {
    try self.init(FilterOptions(expression: expression, costLimit: costLimit), scope, isFilter: false)
  }

  private static func check(
    _ source: String, _ scope: FilterScope, _ environment: Environment
  ) throws(FilterError) -> CheckedExpression {
    let parsed: ParsedExpression
    do { parsed = try environment.parse(source) } catch {
      throw FilterError("\(error)\(ScopeHint.hint(for: error, in: source))")
    }
    let named = try NameSubstitution.apply(scope, to: parsed, in: environment)
    do { return try environment.check(named) } catch {
      throw FilterError("\(error)\(ScopeHint.hint(for: error, in: source))")
    }
  }

  private init(_ options: FilterOptions, _ scope: FilterScope, isFilter: Bool) throws(FilterError) {
    self.options = options
    self.scope = scope
    let environment = Scope.environment(costLimit: options.costLimit, schema: scope.schema)
    self.environment = environment
    let checked = try Self.check(options.expression ?? "true", scope, environment)
    var finder = PathFinder(checked)
    var conditions: [Condition] = []
    var clauses: [Clause] = []
    var isCompared = isFilter
    var needsProgram = !isFilter
    if isFilter, options.expression != nil {
      let type = checked.type(checked.root)
      guard type == .bool || type == .dyn else {
        throw FilterError("1:1: a filter must give a bool, and this expression gives \(type)")
      }
      var maker = ConditionMaker(finder: finder)
      let parts = ConditionMaker.clauses(checked.root)
      let texts = ClauseText.split(checked.source, count: parts.count)
      for (clause, text) in zip(parts, texts) {
        let condition = maker.condition(clause)
        clauses.append(Clause(text: text, isCompared: condition != nil))
        if let condition { conditions.append(condition) } else { isCompared = false }
      }
      needsProgram = !isCompared || maker.comparesWithOld
    }
    self.isCompared = isCompared
    if needsProgram {
      let pathOfNode = finder.pathOfNode
      do {
        self.program = try environment.plan(checked) { pathOfNode[$0.id].map(Scope.slot(path:)) }
      } catch {
        throw FilterError("\(error)")
      }
    } else {
      self.program = nil
    }
    let usedSlots = program?.usedSlots ?? []
    self.roots = Scope.roots.filter { usedSlots.contains($0.slot) }
    self.minimumCost = program?.minimumCost
    self.pathCount = finder.paths.count
    if isFilter {
      self.template = nil
    } else {
      let maker = ValueTemplateMaker(
        environment: environment, checked: checked, pathOfNode: finder.pathOfNode)
      do { self.template = try maker.template(checked.root) } catch { throw FilterError("\(error)") }
    }
    self.usesNow = finder.usesNow
    self.usesOld = finder.usesOld
    self.usesChanges = finder.usesChanges
    self.oldPaths = finder.oldPaths
    if let selector = options.fieldSelector {
      conditions += try SelectorConditions.fields(selector, &finder)
      clauses.append(Clause(text: "--field-selector \(selector)", isCompared: true))
    }
    if let selector = options.labelSelector {
      conditions += try SelectorConditions.labels(selector, &finder)
      clauses.append(Clause(text: "-l \(selector)", isCompared: true))
    }
    let equalities = conditions.flatMap(\.equalities)
    let type = finder.number(of: ScopedPath(isAbsolute: true, keys: ["type"]))
    self.typeInLowercase = equalities.lazy.compactMap { equality -> String? in
      guard equality.path == type, case .string(let text) = equality.operand else { return nil }
      return String(decoding: text, as: UTF8.self)
    }.first { EventType(rawValue: $0) == nil && EventType(rawValue: $0.uppercased()) != nil }
    self.kindCheck = KindCheck(equalities.map { (finder.paths[$0.path], $0.operand) })
    var inEvents = conditions
    var elsewhere = conditions
    if !options.types.isEmpty {
      let path = finder.number(ScopedPath(isAbsolute: true, keys: ["type"]))
      let names = options.types.map { Comparison.Operand.string(Array($0.utf8)) }
      inEvents.append(.comparison(Comparison(.textOneOf, path: path, operands: names)))
      elsewhere.append(.comparison(Comparison(.textOneOf, path: path)))
      clauses.append(Clause(text: "--type \(options.types.joined(separator: ","))", isCompared: true))
    }
    self.clauses = clauses
    let paths = finder.paths
    self.eventTest = LineTest(paths: paths.map { $0.keys(inEvent: true) }, conditions: inEvents)
    self.plainTest =
      options.types.isEmpty && paths.allSatisfy(\.isAbsolute)
      ? eventTest : LineTest(paths: paths.map { $0.keys(inEvent: false) }, conditions: elsewhere)
  }
}
