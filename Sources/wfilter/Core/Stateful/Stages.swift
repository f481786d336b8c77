// SPDX-License-Identifier: Apache-2.0

import CEL
import Events
import Filter
import JSON
import Process

/// Puts the pure ``StatefulStage`` between the filter's answers and the output: finds keys and values, remembers lines for
/// `old`, and writes, emits and tells what the stage says.
final class Stages {
  /// A line with all that is known about it.
  @safe struct Arrival {
    var line: RawJSON
    /// Without the newline.
    var bytes: UnsafeRawBufferPointer
    var key: KeyHash?
    var context: LineContext
    var matches: Bool
  }

  private let settings: Settings
  private let output: LineOutput
  private let diagnostics: Diagnostics
  private let keys: KeyFinder?
  private let emitter: LineEvaluator?
  private let identity: LineEvaluator?
  private let statusSink: StatusSink
  private var stage: StatefulStage
  private var previous: PreviousLines?
  private let tellsKeys: Bool
  private var toldLimit = false
  private var value: [UInt8] = []
  private var outputs: [StatefulStage.Output] = []

  init(_ expressions: Expressions, _ settings: Settings, output: LineOutput, diagnostics: Diagnostics) throws
  {
    let stateful = settings.stateful
    self.settings = settings
    self.output = output
    self.diagnostics = diagnostics
    tellsKeys = stateful.absent != nil
    emitter = expressions.emit.map { LineEvaluator($0) }
    let usesOld = expressions.all.contains(where: \.usesOld)
    if usesOld {
      let paths = expressions.all.reduce(into: Set<[String]>()) { $0.formUnion($1.oldPaths) }
      previous = PreviousLines(paths, limit: stateful.keyLimit)
    }
    if expressions.emit?.usesOld == true, stateful.throttle != nil || stateful.debounce != nil {
      throw UsageError(
        description:
          "--emit with old: lines that --throttle and --debounce hold back are printed when it is past")
    }
    do {
      let needsKey =
        usesOld || stateful.tracks || stateful.dedupe != nil || stateful.throttle != nil
        || stateful.debounce != nil || stateful.absent != nil
      keys = needsKey ? try KeyFinder(stateful.key, costLimit: settings.filter.costLimit) : nil
      identity = try stateful.dedupe.map { (expression) throws(FilterError) in
        LineEvaluator(try Expressions.value(expression, "--dedupe", settings.filter.costLimit))
      }
    } catch { throw UsageError(description: "\(error)") }
    stage = StatefulStage(try Self.options(stateful))
    // Asked to tell of silence, it tells it among the data unless told where else.
    let destination = settings.status ?? (stateful.absent == nil ? .nowhere : .inline)
    statusSink = try StatusSink(destination, output: output.writer)
  }

  private static func options(_ settings: StatefulSettings) throws(RedactionPath.Failure) -> StatefulOptions {
    var options = StatefulOptions()
    options.keysLimit = settings.keyLimit
    options.tracks = settings.tracks
    options.window = settings.dedupe == nil ? nil : settings.window
    options.throttle = settings.throttle
    options.debounce = settings.debounce
    // A default never cuts short the silence that was asked for.
    options.maximumWait = settings.maximumWait ?? max(options.maximumWait, settings.debounce ?? .zero)
    options.silence = settings.absent
    for text in settings.redactions { options.redactions.append(try RedactionPath(text)) }
    return options
  }

  /// When ``pass(at:)`` has something to do, if nothing comes before.
  var deadline: ContinuousClock.Instant? { stage.deadline }

  /// What was not passed on, for `--stats`.
  var counts: StatefulCounts {
    var counts = stage.counts
    counts.evicted += previous?.evictions ?? 0
    return counts
  }

  /// The key of a line, where one is needed.
  func key(_ line: RawJSON, _ context: LineContext) -> KeyHash? {
    line.kind == .object ? keys?.find(line, context: context) : nil
  }

  /// Calls `body` with `old` in the context.
  func withPrevious<Result>(
    _ key: KeyHash?, _ context: inout LineContext, _ body: (LineContext) throws -> Result
  ) rethrows -> Result {
    guard let previous else { return try body(context) }
    return try previous.read(key) { old in
      var context = context
      context.old = old
      return try body(context)
    }
  }

  /// Remembers a line for `old`.
  func remember(_ key: KeyHash?, _ line: RawJSON) {
    guard previous != nil, let key else { return }
    previous?.remember(key, line, isDeleted: type(of: line) == .deleted)
    if let previous, previous.evictions > 0 { tellLimit() }
  }

  private func type(of line: RawJSON) -> EventType? {
    EventHead(line)?.type.string.flatMap(EventType.init(rawValue:))
  }

  /// Takes a line that the filter has answered about. Returns why it cannot be passed on; nil where it can, or need not.
  func accept(_ arrival: Arrival, at now: Moment) throws -> LineFault? {
    let type = type(of: arrival.line)
    if !arrival.matches {
      // With `--control match` a control line is one like any other.
      guard type?.isControl != true else { return nil }
      // A line that passes only because its key is followed has not been read to its end yet.
      if stage.follows(arrival.key), let fault = arrival.line.fault(strictly: settings.isStrict) {
        return fault
      }
    }
    unsafe stage.line(
      arrival.bytes, key: arrival.key, keyText: tellsKeys ? keys?.text ?? [] : [], matched: arrival.matches,
      value: arrival.matches ? value(arrival) : nil, type: type, now: now, into: &outputs)
    unsafe try carryOut(arrival.bytes, arrival.context)
    return nil
  }

  /// The value that `--dedupe` compares; nil where there is none.
  private func value(_ arrival: Arrival) -> [UInt8]? {
    guard let identity else { return nil }
    value.removeAll(keepingCapacity: true)
    do { try identity.appendValue(arrival.line, context: arrival.context, to: &value) } catch {
      output.counts.errors += 1
      return nil
    }
    return value
  }

  /// Passes a control line.
  func passControl(_ line: RawJSON, _ bytes: UnsafeRawBufferPointer, at now: Moment) throws {
    unsafe stage.line(
      bytes, key: nil, keyText: [], matched: true, type: type(of: line), now: now, into: &outputs)
    unsafe try carryOut(bytes, LineContext(), isControl: true)
  }

  /// Does what the time asks for.
  func pass(at now: Moment) throws {
    stage.tick(now: now, into: &outputs)
    try carryOutWithoutLine()
  }

  /// Lets out all that is held.
  func drain() throws {
    stage.end(into: &outputs)
    try carryOutWithoutLine()
  }

  private func carryOutWithoutLine() throws {
    guard !outputs.isEmpty else { return }
    unsafe try carryOut(UnsafeRawBufferPointer(start: nil, count: 0), LineContext())
  }

  /// Does what the stage has said, in order; `given` is the line that it was given.
  private func carryOut(_ given: UnsafeRawBufferPointer, _ context: LineContext, isControl: Bool = false)
    throws
  {
    defer { outputs.removeAll(keepingCapacity: true) }
    for item in outputs {
      switch item {
      case .line where isControl: unsafe try output.pass(given)
      case .line: unsafe try print(given, context)
      case .data(let line): unsafe try line.withUnsafeBytes { unsafe try print($0, context) }
      case .control(let line):
        unsafe try line.withUnsafeBytes {
          unsafe settings.control == .match ? try output.match($0) : try output.pass($0)
        }
      case .status(let status): try statusSink.write(status)
      case .keysLimitReached: tellLimit()
      }
    }
  }

  /// Prints a matching line, or what `--emit` makes of it.
  private func print(_ line: UnsafeRawBufferPointer, _ context: LineContext) throws {
    guard let emitter, let value = unsafe RawJSON(padded: line) else { return unsafe try output.match(line) }
    var emitted: [UInt8] = []
    do throws(EvaluationError) { try emitter.appendValue(value, context: context, to: &emitted) } catch {
      output.counts.errors += 1
      output.counts.reason = output.counts.reason ?? "--emit: \(error)"
      if settings.onError == .fail {
        diagnostics.error("--emit: \(error)")
        output.end(.badInput)
      }
      return
    }
    let result: Result<Void, any Error> = unsafe emitted.withUnsafeBytes { buffer in
      Result { unsafe try output.match(buffer) }
    }
    try result.get()
  }

  /// Says once that more came than may be remembered.
  private func tellLimit() {
    guard !toldLimit else { return }
    toldLimit = true
    diagnostics.warning(
      "more than \(settings.stateful.keyLimit) keys, or more bytes than are kept: "
        + "the oldest are forgotten; see --keys-limit")
  }
}
