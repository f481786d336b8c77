// SPDX-License-Identifier: Apache-2.0

import CEL
import Events
import Filter
import JSON

/// Decides what happens to a line. One per thread; stateless.
final class LineJudge {
  enum Decision: Equatable {
    case drop
    /// It is selected.
    case pass
    case passControl, dropControl
    case empty
    case malformed(LineFault)
    /// `--fail-if` holds.
    case condition
    /// It cannot be evaluated, with `--on-error fail`; ``LineJudge/failure`` has the reason.
    case failure
  }

  /// Whether ``decide(_:head:context:_:)`` needs a line's head.
  let needsHead: Bool

  private let evaluator: LineEvaluator
  private let failIf: LineEvaluator?
  private let configuration: Configuration
  private let bits: Expressions.Bits
  /// Whether a selector or a type may have dropped a line for which the expression was not evaluated.
  private let isSelective: Bool
  /// Whether a line was JSON. Until then every line is checked.
  private(set) var hasSeenJSON = false
  /// Why the last line could not be evaluated.
  private(set) var failure: String?

  init(_ expressions: Expressions, _ configuration: Configuration) {
    evaluator = LineEvaluator(expressions.filter)
    failIf = expressions.failIf.map { LineEvaluator($0) }
    bits = expressions.bits
    isSelective = expressions.filter.hasSelectors && !configuration.isInverted
    needsHead =
      configuration.control != .match || failIf != nil || evaluator.distinguishesEvents
      || bits.type | bits.kind != 0
    self.configuration = configuration
  }

  /// Decides about a line. A line that is passed has been read to its end.
  @inline(__always)
  func decide(_ line: RawJSON, head: EventHead?, context: LineContext, _ counts: inout Counts) -> Decision {
    guard line.start < line.limit else { return .empty }
    let decision = decideUnproven(line, head, context, &counts)
    if !hasSeenJSON { prove(line, decision) }
    return decision
  }

  @inline(__always)
  private func decideUnproven(
    _ line: RawJSON, _ head: EventHead?, _ context: LineContext, _ counts: inout Counts
  ) -> Decision {
    let control = configuration.control
    let isControl = head?.type.isControl == true
    if let failIf, let decision = decide(failIf, line, head, context, isControl, &counts) { return decision }
    if isControl, control != .match {
      if let fault = line.fault(strictly: configuration.isStrict) { return .malformed(fault) }
      return control == .pass ? .passControl : .dropControl
    }
    let isInverted = configuration.isInverted
    let bit = evaluator.hasItsOld(context) ? bits.expression : 0
    let decision: Decision
    switch evaluator.test(line, head: head, context: context) {
    case .match:
      counts.found |= bits.expression
      decision = isInverted ? .drop : .pass
    case .noMatch:
      if !isSelective { counts.found |= bits.expression }
      decision = isInverted ? .pass : .drop
    case .malformed: return .malformed(line.fault(strictly: true) ?? .grammar)
    case .error:
      counts.errors += 1
      counts.sought |= bit
      counts.note(bit, evaluator.reason(line, context: context) + Self.hint(line))
      switch configuration.onError {
      case .drop: decision = isInverted ? .pass : .drop
      case .keep: decision = .pass
      case .fail:
        failure = evaluator.reason(line, context: context)
        decision = .failure
      }
    }
    if !isSelective { counts.sought |= bit }
    if bits.kind & ~counts.found != 0, !isControl { checkKinds(line, head, decision, &counts) }
    if bits.type != 0 {
      if !isControl { counts.sought |= bits.type }
      if head == nil || decision == .pass { counts.found |= bits.type }
    }
    guard decision != .drop || configuration.checksEveryLine else { return .drop }
    if let fault = line.fault(strictly: configuration.isStrict) { return .malformed(fault) }
    return decision
  }

  /// Looks for numbers that are compared with strings, until a line shows that there are none.
  @inline(never)
  private func checkKinds(_ line: RawJSON, _ head: EventHead?, _ decision: Decision, _ counts: inout Counts) {
    guard decision != .pass, counts.lines < 16 else {
      if decision == .pass { counts.found |= bits.kind }
      return
    }
    switch evaluator.filter.kindCheck?.finding(line, inEvent: head != nil) {
    case .agreement: counts.found |= bits.kind
    case .conflict(let reason):
      counts.sought |= bits.kind
      counts.note(bits.kind, reason)
    case .nothing, nil: break
    }
  }

  /// The result of `--fail-if`; nil if the run continues.
  private func decide(
    _ failIf: LineEvaluator, _ line: RawJSON, _ head: EventHead?, _ context: LineContext, _ isControl: Bool,
    _ counts: inout Counts
  ) -> Decision? {
    let bit = failIf.hasItsOld(context) ? bits.failIf : 0
    switch failIf.test(line, head: head, context: context) {
    case .match:
      counts.found |= bits.failIf
      return line.fault(strictly: configuration.isStrict).map(Decision.malformed) ?? .condition
    case .noMatch: counts.found |= bits.failIf
    case .malformed: return nil
    case .error:
      // Control lines describe the stream itself, so few conditions have a value for them.
      guard !isControl else { return nil }
      counts.note(bit, failIf.reason(line, context: context))
      if configuration.onError == .fail {
        failure = "--fail-if: \(failIf.reason(line, context: context))"
        return line.fault(strictly: configuration.isStrict).map(Decision.malformed) ?? .failure
      }
    }
    if !isControl { counts.sought |= bit }
    return nil
  }

  /// Records whether a line is JSON. Lines that do not match are checked only until one is JSON.
  private func prove(_ line: RawJSON, _ decision: Decision) {
    switch decision {
    case .malformed, .empty: return
    case .drop: guard line.fault() == nil else { return }
    default: break
    }
    hasSeenJSON = true
  }

  /// The advice for a line that holds several objects.
  private static func hint(_ line: RawJSON) -> String {
    if line.kind == .array { return " (the line is an array: jq -c '.[]' makes a line of each element)" }
    guard line.kind == .object, line.member("items")?.kind == .array, line.member("kind") != nil else {
      return ""
    }
    return " (the line is a list: jq -c '.items[]' makes a line of each item)"
  }
}
