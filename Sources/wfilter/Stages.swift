// SPDX-License-Identifier: Apache-2.0

import CEL
import Filter
import JSON
import Pipe
import Watch

/// What a line goes through after the filter's answer, in this order: absence, tracking, deduplication, redaction, emission,
/// throttling or debouncing. Each is there only when it was asked for.
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
  private let redactor: Redactor?
  private let statusSink: StatusSink
  private var previous: PreviousLines?
  private var tracker: Tracker?
  private var deduplicator: Deduplicator?
  private var throttle: Throttle?
  private var debouncer: Debouncer?
  private var absence: AbsenceWatch?
  private var toldLimit = false
  private var identityBytes: [UInt8] = []

  init(_ expressions: Expressions, _ settings: Settings, output: LineOutput, diagnostics: Diagnostics) throws
  {
    let stateful = settings.stateful
    let limit = stateful.keyLimit
    self.settings = settings
    self.output = output
    self.diagnostics = diagnostics
    emitter = expressions.emit.map { LineEvaluator($0) }
    let oldPaths = expressions.all.reduce(into: Set<[String]>()) { $0.formUnion($1.oldPaths) }
    let usesOld = expressions.all.contains(where: \.usesOld)
    if usesOld { previous = PreviousLines(oldPaths, limit: limit) }
    if stateful.tracks { tracker = Tracker(limit: limit) }
    throttle = stateful.throttle.map { Throttle(interval: $0, limit: limit) }
    debouncer = stateful.debounce.map {
      Debouncer(quiet: $0, maximumWait: stateful.maximumWait, limit: limit)
    }
    absence = stateful.absent.map { AbsenceWatch(patience: $0, limit: limit) }
    do {
      let needsKey = usesOld || tracker != nil || throttle != nil || debouncer != nil || absence != nil
      keys = needsKey ? try KeyFinder(stateful.key, costLimit: settings.filter.costLimit) : nil
      if let dedupe = stateful.dedupe {
        identity = LineEvaluator(try Expressions.value(dedupe, "--dedupe", settings.filter.costLimit))
        deduplicator = Deduplicator(window: stateful.window, limit: limit)
      } else {
        identity = nil
      }
    } catch { throw UsageError(description: "\(error)") }
    redactor = stateful.redactions.isEmpty ? nil : try Redactor.make(stateful.redactions).get()
    // Asked to tell of silence, it tells it among the data unless told where else.
    let destination = settings.status ?? (absence == nil ? .nowhere : .inline)
    statusSink = try StatusSink(destination, output: output.writer)
  }

  /// When ``pass(at:)`` has something to do, if nothing comes before.
  var deadline: ContinuousClock.Instant? {
    [throttle?.deadline, debouncer?.deadline, absence?.deadline].compactMap(\.self).min()
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
  }

  private func type(of line: RawJSON) -> EventType? {
    EventHead(line)?.type.string.flatMap(EventType.init(rawValue:))
  }

  /// Takes a line that the filter has answered about.
  func accept(_ arrival: Arrival, at now: ContinuousClock.Instant) throws {
    if arrival.matches, let key = arrival.key, let change = absence?.hear(key, keys?.bytes ?? [], at: now) {
      try tell(change)
    }
    var action = arrival.matches ? Tracker.Action.pass : .drop
    // A line that is no event, or has no key, cannot be followed.
    if tracker != nil, let key = arrival.key, let type = type(of: arrival.line) {
      action = tracker?.decide(key, type, matches: arrival.matches) ?? action
    }
    if action == .drop { return }
    // A line that leaves only because its key is tracked has not been read to its end yet.
    if !arrival.matches, let fault = arrival.line.fault(strictly: settings.isStrict) {
      output.counts.malformed += 1
      return diagnostics.error("a line is not passed on: \(fault.description)")
    }
    if isRepetition(arrival, now) { return }
    guard case .passAs(let type) = action else { return try pass(arrival, at: now) }
    try retyped(arrival, type, at: now)
  }

  private func isRepetition(_ arrival: Arrival, _ now: ContinuousClock.Instant) -> Bool {
    guard let identity else { return false }
    identityBytes.removeAll(keepingCapacity: true)
    do { try identity.appendValue(arrival.line, context: arrival.context, to: &identityBytes) } catch {
      output.counts.errors += 1
      return false
    }
    return deduplicator?.isRepetition(KeyHash(identityBytes), at: now) ?? false
  }

  /// Passes a line with another type in the place of its own.
  private func retyped(_ arrival: Arrival, _ type: EventType, at now: ContinuousClock.Instant) throws {
    guard let head = EventHead(arrival.line), let end = head.type.end else { return }
    var bytes: [UInt8] = []
    let before = head.type.start - arrival.line.start
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: arrival.line.start.address, count: before))
    bytes += "\"\(type.rawValue)\"".utf8
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: end.address, count: arrival.line.limit - end))
    try passOwned(bytes, arrival, at: now)
  }

  private func pass(_ arrival: Arrival, at now: ContinuousClock.Instant) throws {
    if redactor == nil, emitter == nil { return unsafe try hold(arrival.bytes, arrival.key, at: now) }
    unsafe try passOwned(Array(arrival.bytes), arrival, at: now)
  }

  /// Redacts, and replaces the line by what is emitted.
  private func passOwned(_ line: [UInt8], _ arrival: Arrival, at now: ContinuousClock.Instant) throws {
    var bytes = line
    if let redactor {
      bytes = PaddedLine.read(line) { value in
        var redacted: [UInt8] = []
        redactor.append(value, isEvent: EventHead(value) != nil, to: &redacted)
        return redacted
      }
    }
    if let emitter {
      do throws(EvaluationError) {
        bytes = try PaddedLine.read(bytes) { value throws(EvaluationError) in
          var emitted: [UInt8] = []
          try emitter.appendValue(value, context: arrival.context, to: &emitted)
          return emitted
        }
      } catch {
        output.counts.errors += 1
        if settings.onError == .fail {
          diagnostics.error("--emit: \(error)")
          output.end(.badInput)
        }
        return
      }
    }
    let result: Result<Void, any Error> = unsafe bytes.withUnsafeBytes { buffer in
      Result { unsafe try hold(buffer, arrival.key, at: now) }
    }
    try result.get()
  }

  private func hold(_ bytes: UnsafeRawBufferPointer, _ key: KeyHash?, at now: ContinuousClock.Instant) throws
  {
    if let key, throttle != nil {
      for line in unsafe throttle?.offer(key, Array(bytes), at: now) ?? [] { try write(line) }
    } else if let key, debouncer != nil {
      for line in unsafe debouncer?.offer(key, Array(bytes), at: now) ?? [] { try write(line) }
    } else {
      unsafe try output.match(bytes)
    }
  }

  private func write(_ line: [UInt8]) throws {
    let result: Result<Void, any Error> = unsafe line.withUnsafeBytes { buffer in
      Result { unsafe try output.match(buffer) }
    }
    try result.get()
  }

  /// Passes a control line. What is held goes first: a BOOKMARK promises that all before it has been seen.
  func passControl(_ line: RawJSON, _ bytes: UnsafeRawBufferPointer) throws {
    try drain()
    unsafe try output.pass(bytes)
  }

  /// Does what the time asks for.
  func pass(at now: ContinuousClock.Instant) throws {
    for line in throttle?.due(at: now) ?? [] { try write(line) }
    for line in debouncer?.due(at: now) ?? [] { try write(line) }
    for change in absence?.due(at: now) ?? [] { try tell(change) }
    if !toldLimit { tellLimits() }
  }

  /// Lets out all that is held.
  func drain() throws {
    for line in throttle?.drain() ?? [] { try write(line) }
    for line in debouncer?.drain() ?? [] { try write(line) }
  }

  /// Says once that more keys came than may be remembered.
  func tellLimits() {
    let isReached = [
      previous?.hasForgotten, tracker?.hasForgotten, deduplicator?.hasForgotten, throttle?.hasRunOver,
      debouncer?.hasRunOver, absence?.hasForgotten,
    ].contains(true)
    guard isReached, !toldLimit else { return }
    toldLimit = true
    diagnostics.warning(
      "more than \(settings.stateful.keyLimit) keys: the oldest are forgotten; raise --keys-limit")
  }

  private func tell(_ change: AbsenceWatch.Change) throws(OutputError) {
    var status = StreamStatus(
      tool: "wfilter", scope: [("key", String(decoding: change.key, as: UTF8.self))], mode: .streaming,
      health: change.isSilent ? .unhealthy : .healthy, reason: change.isSilent ? .awaiting : .none,
      since: .now)
    status.isConnected = true
    status.isDelivering = !change.isSilent
    try statusSink.write(status)
  }
}
