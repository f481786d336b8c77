// SPDX-License-Identifier: Apache-2.0

package import CEL
import Events
package import JSON

/// A filter's answer about a line.
package enum Verdict: Sendable, Equatable {
  case match
  case noMatch
  /// The expression has no value for this line: a missing key, say.
  case error
  /// The line is no JSON, as far as it was read. Only ``RawJSON/fault(strictly:)`` reads all of it.
  case malformed
}

/// What an expression may look at besides the line.
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

/// Evaluates one filter over lines: its working memory, for one thread. Allocates nothing for a line that is decided by
/// comparing bytes.
package final class LineEvaluator {
  /// What is evaluated.
  package let filter: LineFilter
  /// Why the last line was ``Verdict/error``, where the evaluator said so; nil where comparing bytes did.
  package private(set) var lastError: EvaluationError?

  private let eventScan: LineScan
  private let plainScan: LineScan
  private let source: JSONSource
  private let oldSource: JSONSource
  private var activation: Activation

  /// An evaluator.
  package init(_ filter: LineFilter) {
    self.filter = filter
    self.eventScan = LineScan(filter.eventTest)
    self.plainScan = filter.plainTest === filter.eventTest ? eventScan : LineScan(filter.plainTest)
    self.activation = Activation(filter.environment)
    let nothing = RawJSON.null
    self.source = JSONSource(nothing)
    self.oldSource = JSONSource(nothing, descendsIntoObject: true)
  }

  /// Whether a line meets the filter.
  package func test(_ line: RawJSON, context: LineContext = LineContext()) -> Verdict {
    let scan = self.scan(for: line)
    switch scan.scan(line) {
    case .fails: return .noMatch
    case .malformed: return .malformed
    case .holds: if filter.program == nil { return .match }
    case .error:
      if filter.program == nil {
        lastError = nil
        return .error
      }
    }
    guard let program = filter.program else { return .match }
    prepare(line, scan, context)
    do {
      return try program.test(&activation) ? .match : .noMatch
    } catch {
      lastError = error
      return .error
    }
  }

  /// Why a line is ``Verdict/error``, for people. Evaluates what comparing bytes decides otherwise: for the odd line.
  package func reason(_ line: RawJSON, context: LineContext = LineContext()) -> String {
    if let lastError { return "\(lastError)" }
    do throws(EvaluationError) {
      guard let value = try whole?.value(line, context: context) else { return "it has no value" }
      return "its value is \(value.typeName.description), not bool"
    } catch { return "\(error)" }
  }

  /// Evaluates the whole expression.
  private lazy var whole: LineEvaluator? = filter.options.expression.flatMap {
    (try? LineFilter(value: $0, costLimit: filter.options.costLimit)).map { LineEvaluator($0) }
  }

  /// The expression's value over a line. It lives in the line: use or copy it before the next one is read.
  ///
  /// - Throws: `EvaluationError`; for a line that is no JSON, too.
  package func value(_ line: RawJSON, context: LineContext = LineContext()) throws(EvaluationError) -> Value {
    let scan = self.scan(for: line)
    guard scan.scan(line) != .malformed, let program = filter.program else {
      throw .invalidArgument("the line is no JSON")
    }
    prepare(line, scan, context)
    return try program.evaluate(&activation)
  }

  /// Appends the expression's value over a line as compact JSON; of a path alone, the bytes as they were written.
  ///
  /// - Throws: `EvaluationError`, also for a value that JSON has no form for; nothing useful was appended then.
  package func appendValue(
    _ line: RawJSON, context: LineContext = LineContext(), to bytes: inout [UInt8]
  ) throws(EvaluationError) {
    if let path = filter.solePath {
      let scan = self.scan(for: line)
      guard scan.scan(line) != .malformed else { throw .invalidArgument("the line is no JSON") }
      if scan.state(path) == .present { return JSONOutput.append(compact: scan.value(path), to: &bytes) }
    }
    try ValueText.append(value(line, context: context), to: &bytes)
  }

  @inline(__always)
  private func scan(for line: RawJSON) -> LineScan {
    eventScan === plainScan || EventHead(line) != nil ? eventScan : plainScan
  }

  /// Puts what the scan found where the program reads it.
  private func prepare(_ line: RawJSON, _ scan: LineScan, _ context: LineContext) {
    source.read(line)
    for path in 0..<filter.pathCount {
      let slot = Scope.slot(path: path)
      switch scan.state(path) {
      case .present: activation.set(slot, source.value(scan.value(path)))
      case .missingKey: activation.setAbsent(slot, .missingKey)
      case .missingParent: activation.setAbsent(slot, .missingParent)
      case .notAnObject: activation.setAbsent(slot, .notAMap)
      case .pending: activation.setAbsent(slot, .missingParent)
      }
    }
    if !filter.roots.isEmpty { prepareRoots(line) }
    if filter.usesNow { activation[Scope.nowSlot] = context.now.map(Value.timestamp) }
    if filter.usesOld {
      if let old = context.old {
        oldSource.read(old)
        activation.set(Scope.oldSlot, oldSource.value(old))
      } else {
        activation.set(Scope.oldSlot, .null)
      }
    }
  }

  private func prepareRoots(_ line: RawJSON) {
    let isEvent = EventHead(line) != nil
    for (slot, path) in filter.roots {
      if let value = line.member(at: path.keys(inEvent: isEvent)) {
        activation.set(slot, source.value(value))
      } else {
        activation.setAbsent(slot, .missingKey)
      }
    }
  }
}
