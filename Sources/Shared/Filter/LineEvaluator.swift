// SPDX-License-Identifier: Apache-2.0

package import CEL
package import Events
package import JSON

/// The result of a filter for a line.
package enum Verdict: Sendable, Equatable {
  case match
  case noMatch
  /// The expression has no value for this line, for example because a key is missing.
  case error
  /// The part of the line that was read is not JSON. Only ``RawJSON/fault(strictly:)`` reads the whole line.
  case malformed
}

/// The values that an expression may read besides the line.
package struct LineContext: Sendable {
  /// The previous line of the same key; nil for the first. `old` is then null.
  package var old: RawJSON?
  /// The time, for `now`.
  package var now: TimestampValue?

  /// A context.
  package init(old: RawJSON? = nil, now: TimestampValue? = nil) {
    self.old = old
    self.now = now
  }
}

/// Evaluates one filter over lines: its working memory, for one thread. Allocates nothing for a line that is
/// decided by comparing bytes.
package final class LineEvaluator {
  /// The filter to evaluate.
  package let filter: LineFilter
  /// Why the evaluator's last result was ``Verdict/error``; nil if it came from comparing bytes.
  package private(set) var lastError: EvaluationError?

  /// Whether the filter treats events and plain lines differently.
  package let distinguishesEvents: Bool

  private let isDecidedByScan: Bool
  /// The path whose value is printed, if the expression is only a path.
  private let path: Int?
  /// The rest of the cost limit for the other parts of a template.
  private var budget = 0
  /// The end of the output that ``budget`` was charged for.
  private var chargedOutput = 0
  /// The output's memory grows by doubling, and a step may take 10 bytes.
  private static let bytesPrintedInAStep = 4
  /// The remainder of the cost limit after the last evaluation; negative if it reached the limit.
  package var remainingSteps: Int { activation.remainingSteps }

  private let eventScan: LineScan
  private let plainScan: LineScan
  private let source: JSONSource
  private let oldSource: JSONSource
  private let changes: ChangeSource?
  private var activation: Activation

  /// An evaluator.
  package init(_ filter: LineFilter) {
    self.filter = filter
    self.eventScan = LineScan(filter.eventTest)
    self.plainScan = filter.plainTest === filter.eventTest ? eventScan : LineScan(filter.plainTest)
    self.isDecidedByScan = filter.isCompared
    self.path = filter.template?.path
    self.distinguishesEvents = eventScan !== plainScan || !filter.roots.isEmpty
    self.activation = Activation(filter.environment)
    let nothing = RawJSON.null
    let keepsNumbers = filter.template != nil
    self.source = JSONSource(nothing, keepsNumbers: keepsNumbers)
    self.oldSource = JSONSource(nothing, descendsIntoObject: true, keepsNumbers: keepsNumbers)
    self.changes = filter.usesChanges ? ChangeSource(ignoring: filter.scope.ignored) : nil
  }

  /// False if the expression reads `old` and the line is the first of its key. `old` is null there, so that an
  /// error does not show a mistake in the expression.
  package func hasItsOld(_ context: LineContext) -> Bool { context.old != nil || !filter.usesOld }

  /// Whether a line meets the filter.
  package func test(_ line: RawJSON, context: LineContext = LineContext()) -> Verdict {
    test(line, head: head(of: line), context: context)
  }

  /// Whether a line with this head meets the filter; nil for a plain line.
  @inline(__always)
  package func test(_ line: RawJSON, head: EventHead?, context: LineContext) -> Verdict {
    // Two variables, because a single one for both scans would be retained and released for each line.
    switch head == nil ? plainScan.scan(line, peer: context.old) : eventScan.scan(line, peer: context.old) {
    case .fails: return .noMatch
    case .malformed: return .malformed
    case .holds where isDecidedByScan: return .match
    case .error where isDecidedByScan:
      lastError = nil
      return .error
    case .holds, .error, .undecided: return evaluate(line, head == nil ? plainScan : eventScan, head, context)
    }
  }

  private func evaluate(
    _ line: RawJSON, _ scan: LineScan, _ head: EventHead?, _ context: LineContext
  ) -> Verdict {
    guard let program = filter.program else { return .match }
    prepare(line, scan, head, context)
    do {
      return try program.test(&activation) ? .match : .noMatch
    } catch {
      lastError = error
      return .error
    }
  }

  /// Why a line is ``Verdict/error``, for a message. Slow: evaluates the whole expression.
  package func reason(_ line: RawJSON, context: LineContext = LineContext()) -> String {
    let hint = hasItsOld(context) ? "" : " (old is null for the first line of a key)"
    if let lastError { return text(of: lastError) + hint }
    do throws(EvaluationError) {
      guard let value = try whole?.value(line, context: context) else { return "it has no value" }
      return "its value is \(value.typeName.description), not bool"
    } catch { return text(of: error) + hint }
  }

  /// An error of the expression, for a message: with a hint for names that the line lacks.
  package func text(of error: EvaluationError) -> String {
    "\(error)\(ScopeHint.hint(for: error, in: filter.options.expression))"
  }

  /// Evaluates the whole expression.
  private lazy var whole: LineEvaluator? = filter.options.expression.flatMap {
    (try? LineFilter(value: $0, costLimit: filter.options.costLimit, scope: filter.scope)).map {
      LineEvaluator($0)
    }
  }

  /// The expression's value for a line. It refers to the line's bytes: use or copy it before the next line is
  /// read.
  ///
  /// - Throws: `EvaluationError`; for a line that is not JSON, too.
  package func value(_ line: RawJSON, context: LineContext = LineContext()) throws(EvaluationError) -> Value {
    let head = head(of: line)
    let scan = head == nil ? plainScan : eventScan
    guard scan.scan(line) != .malformed, let program = filter.program else {
      throw .invalidArgument("the line is not JSON")
    }
    prepare(line, scan, head, context)
    return try program.evaluate(&activation)
  }

  /// Appends the expression's value for a line as compact JSON. Values of the line keep their bytes.
  ///
  /// - Throws: `EvaluationError`, also for a value that JSON has no form for; nothing useful was appended then.
  package func appendValue(
    _ line: RawJSON, context: LineContext = LineContext(), isRaw: Bool = false, to bytes: inout [UInt8]
  ) throws(EvaluationError) {
    try appendValue(line, head: head(of: line), context: context, isRaw: isRaw, to: &bytes)
  }

  /// The same for a line with this head; nil for a plain line.
  package func appendValue(
    _ line: RawJSON, head: EventHead?, context: LineContext, isRaw: Bool, to bytes: inout [UInt8]
  ) throws(EvaluationError) {
    if head == nil {
      try appendValue(line, plainScan, head, context, isRaw, &bytes)
    } else {
      try appendValue(line, eventScan, head, context, isRaw, &bytes)
    }
  }

  /// The value of an expression that is only a path, as ``appendValue(_:head:context:isRaw:to:)`` would append
  /// it, in the line; nil if it is not a scalar, has escapes or is missing.
  package func scalar(_ line: RawJSON, head: EventHead?) -> UnsafeRawBufferPointer? {
    guard let path else { return nil }
    return unsafe head == nil ? plainScan.scalar(path, in: line) : eventScan.scalar(path, in: line)
  }

  private func appendValue(
    _ line: RawJSON, _ scan: LineScan, _ head: EventHead?, _ context: LineContext, _ isRaw: Bool,
    _ bytes: inout [UInt8]
  ) throws(EvaluationError) {
    guard scan.scan(line) != .malformed else { throw .invalidArgument("the line is not JSON") }
    if let path, scan.state(path) == .present {
      let value = scan.value(path)
      if !isRaw || !value.appendString(to: &bytes) { JSONOutput.append(compact: value, to: &bytes) }
      return
    }
    guard let template = filter.template else { throw .invalidArgument("the expression is a filter") }
    let start = bytes.count
    if template.needsActivation { prepare(line, scan, head, context) }
    budget = min(filter.environment.limits.cost, 1 << 40)
    chargedOutput = start
    if try append(template, scan, isRaw, &bytes) { return }
    bytes.removeSubrange(start...)
    chargedOutput = start
    // A path has no value. Evaluating the whole expression gives the reason.
    prepare(line, scan, head, context)
    guard let program = filter.program else { return }
    let value = try program.evaluate(&activation, costLimit: budget)
    budget = activation.remainingSteps
    try append(value, isRaw, &bytes)
  }

  /// False if a path has no value.
  private func append(
    _ template: ValueTemplate, _ scan: LineScan, _ isRaw: Bool, _ bytes: inout [UInt8]
  ) throws(EvaluationError) -> Bool {
    let isRaw = isRaw && !template.isLiteral
    for step in template.steps {
      try chargeOutput(to: bytes.count)
      switch step {
      case .path(let path):
        guard scan.state(path) == .present else { return false }
        let value = scan.value(path)
        if !isRaw || !value.appendString(to: &bytes) { JSONOutput.append(compact: value, to: &bytes) }
      case .text(let start, let end):
        if isRaw, template.text[start] == UInt8(ascii: "\"") { return false }
        bytes += template.text[start..<end]
      case .part(let index):
        guard try append(template.parts[index], scan, isRaw, &bytes) else { return false }
      }
    }
    return true
  }

  private func append(
    _ part: ValueTemplate.Part, _ scan: LineScan, _ isRaw: Bool, _ bytes: inout [UInt8]
  ) throws(EvaluationError) -> Bool {
    switch part {
    case .conditional(let condition, let yes, let no):
      let isTrue = try condition.test(&activation, costLimit: budget)
      budget = activation.remainingSteps
      return try append(isTrue ? yes : no, scan, isRaw, &bytes)
    case .program(let program):
      let value = try program.evaluate(&activation, costLimit: budget)
      budget = activation.remainingSteps
      try append(value, isRaw, &bytes)
      return true
    }
  }

  private func append(_ value: Value, _ isRaw: Bool, _ bytes: inout [UInt8]) throws(EvaluationError) {
    let start = bytes.count
    try ValueText.append(value, to: &bytes, limit: start + max(budget, 0) * Self.bytesPrintedInAStep)
    // For example, a timestamp is a string in JSON.
    if isRaw { JSONText.unquote(from: start, in: &bytes) }
  }

  /// Charges for the output since the last charge: an expression may repeat the whole line.
  @inline(__always)
  private func chargeOutput(to end: Int) throws(EvaluationError) {
    budget -= (end - chargedOutput) / Self.bytesPrintedInAStep
    chargedOutput = end
    guard budget >= 0 else { throw EvaluationError(.costLimitExceeded) }
  }

  @inline(__always)
  private func head(of line: RawJSON) -> EventHead? { distinguishesEvents ? EventHead(line) : nil }

  /// Copies the results of the scan to the slots that the program reads.
  private func prepare(_ line: RawJSON, _ scan: LineScan, _ head: EventHead?, _ context: LineContext) {
    prepare(&activation, line, scan, head, context)
  }

  /// The activation is a parameter, because each access to a property of a class is checked at run time.
  private func prepare(
    _ activation: inout Activation, _ line: RawJSON, _ scan: LineScan, _ head: EventHead?,
    _ context: LineContext
  ) {
    source.read(line)
    for path in 0..<filter.pathCount {
      let slot = Scope.slot(path: path)
      switch scan.state(path) {
      case .present: activation.set(slot, source.value(scan.value(path)))
      case .missingKey: activation.setAbsent(slot, .missingKey)
      case .missingParent: activation.setAbsent(slot, .missingParent)
      case .scalarParent: activation.setAbsent(slot, .scalarParent)
      case .arrayParent: activation.setAbsent(slot, .listParent)
      case .pending: activation.setAbsent(slot, .missingParent)
      }
    }
    if !filter.roots.isEmpty { prepareRoots(&activation, line, isEvent: head != nil) }
    if filter.usesNow { activation[Scope.nowSlot] = context.now.map(Value.timestamp) }
    if filter.usesOld {
      if let old = context.old { oldSource.read(old) }
      if let changes {
        activation.set(Scope.changesSlot, changes.value(context.old, oldSource, line, source))
      }
      if let old = context.old {
        activation.set(Scope.oldSlot, oldSource.value(old))
      } else {
        activation.set(Scope.oldSlot, .null)
      }
    }
  }

  private func prepareRoots(_ activation: inout Activation, _ line: RawJSON, isEvent: Bool) {
    for (slot, path) in filter.roots {
      if let value = line.member(at: path.keys(inEvent: isEvent)) {
        activation.set(slot, source.value(value))
      } else {
        activation.setAbsent(slot, .missingKey)
      }
    }
  }
}
