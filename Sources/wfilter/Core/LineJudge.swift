// SPDX-License-Identifier: Apache-2.0

import CEL
import Filter
import JSON

/// The expressions of a run, compiled once and shared by its threads.
struct Expressions: Sendable {
  let filter: LineFilter
  let emit: LineFilter?
  let failIf: LineFilter?

  /// Those that there are.
  var all: [LineFilter] { [filter, emit, failIf].compactMap(\.self) }

  init(_ settings: Settings) throws(FilterError) {
    filter = try LineFilter(settings.filter)
    if let expression = settings.emit {
      emit = try Self.value(expression, "--emit", settings.filter.costLimit)
    } else {
      emit = nil
    }
    var failIf: LineFilter?
    if let expression = settings.failIf {
      do {
        failIf = try LineFilter(
          FilterOptions(expression: expression, costLimit: settings.filter.costLimit))
      } catch { throw FilterError("--fail-if: \(error)") }
    }
    self.failIf = failIf
  }

  /// Compiles an expression whose value is wanted.
  static func value(_ expression: String, _ flag: String, _ costLimit: Int?) throws(FilterError) -> LineFilter
  {
    do { return try LineFilter(value: expression, costLimit: costLimit) } catch {
      throw FilterError("\(flag): \(error)")
    }
  }
}

/// Says what is to happen to a line. One for each thread; remembers nothing of earlier lines.
final class LineJudge {
  /// What is to happen.
  enum Decision: Equatable {
    case drop
    /// It is selected.
    case pass
    case passControl, dropControl
    case empty
    case malformed(LineFault)
    /// `--fail-if` holds.
    case condition
    /// There is no verdict, and `--on-error fail`.
    case failure
  }

  let evaluator: LineEvaluator
  private let failIf: LineEvaluator?
  private let settings: Settings
  /// Evaluations without a verdict so far.
  private(set) var errors: UInt64 = 0
  /// Why the first of them had none.
  private(set) var firstReason: String?

  init(_ expressions: Expressions, _ settings: Settings) {
    self.evaluator = LineEvaluator(expressions.filter)
    self.failIf = expressions.failIf.map { LineEvaluator($0) }
    self.settings = settings
  }

  /// Decides about a line. Whatever is passed has been read to its end.
  @inline(__always)
  func decide(_ line: RawJSON, context: LineContext = LineContext()) -> Decision {
    guard line.start < line.limit else { return .empty }
    if let failIf, failIf.test(line, context: context) == .match {
      return line.fault(strictly: settings.isStrict).map(Decision.malformed) ?? .condition
    }
    if settings.control != .match, let head = EventHead(line), head.isControl {
      if let fault = line.fault(strictly: settings.isStrict) { return .malformed(fault) }
      return settings.control == .pass ? .passControl : .dropControl
    }
    let decision: Decision
    switch evaluator.test(line, context: context) {
    case .match: decision = settings.isInverted ? .drop : .pass
    case .noMatch: decision = settings.isInverted ? .pass : .drop
    case .malformed: return .malformed(line.fault(strictly: true) ?? .grammar)
    case .error:
      errors += 1
      if firstReason == nil { firstReason = evaluator.reason(line, context: context) }
      switch settings.onError {
      case .drop: decision = settings.isInverted ? .pass : .drop
      case .keep: decision = .pass
      case .fail: decision = .failure
      }
    }
    guard decision != .drop || settings.checksEveryLine else { return .drop }
    if let fault = line.fault(strictly: settings.isStrict) { return .malformed(fault) }
    return decision
  }
}
