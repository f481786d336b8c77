// SPDX-License-Identifier: Apache-2.0
import Events

/// The stateful part of wfilter: takes each line with the filter's result, and decides which lines are
/// printed now.
///
/// Lines pass through the steps in this order: absence, dedupe, throttle or debounce, track. Tracking is
/// last, so that ADDED, MODIFIED and DELETED are right for the lines that were printed, not for those that
/// were replaced while they were held. Pure: no I/O, time is a parameter, one thread.
struct StatefulStage {
  /// The next actions, in order.
  enum Output: Equatable {
    /// Print the given line unchanged.
    case line
    /// Print this data line, followed by a newline.
    case data(Line)
    /// Print this control line, followed by a newline.
    case control(Line)
    /// A key fell silent or came back.
    case status(StreamStatus)
    /// The limit of keys was reached. Reported once.
    case keysLimitReached
  }

  private let tracks: Bool
  private var tracker: Tracker
  private var deduplicator: Deduplicator?
  private var throttle: Throttle?
  private var debouncer: Debouncer?
  private var absence: AbsenceWatch?
  private var bookmarks = BookmarkBarrier()
  private var released: [HeldLine] = []
  private var hasToldOfLimit = false

  init(_ options: StateOptions) {
    let (keys, bytes) = (options.keysLimit, options.byteLimit)
    tracks = options.tracks
    tracker = Tracker(limit: keys)
    deduplicator = options.dedupe.map { _ in Deduplicator(window: options.window, limit: keys) }
    throttle = options.throttle.map { Throttle(interval: $0, limit: keys, byteLimit: bytes) }
    debouncer = options.debounce.map {
      Debouncer(
        quiet: $0, maximumWait: options.maximumWait ?? max(.seconds(2), $0), limit: keys, byteLimit: bytes)
    }
    absence = options.silence.map { AbsenceWatch(silence: $0, limit: keys) }
  }

  var counts: StatefulCounts {
    StatefulCounts(
      deduplicated: deduplicator?.dropped ?? 0, superseded: held?.superseded ?? 0, evicted: evictions)
  }

  /// The next time at which ``tick(now:into:)`` has something to do; nil if it depends on the next line.
  var deadline: ContinuousClock.Instant? {
    guard let held = held?.deadline, let silence = absence?.deadline else {
      return held?.deadline ?? absence?.deadline
    }
    return min(held, silence)
  }

  /// Whether a line of `key` matters even if it does not match, because its object may leave the filter.
  func follows(_ key: KeyHash?) -> Bool {
    guard tracks, let key else { return false }
    return tracker.contains(key) || held?.contains(key) == true
  }

  /// Takes the next line, whether it matched or not, control lines too.
  ///
  /// - Parameters:
  ///   - line: without its newline; ``JSONCursor/padding`` bytes after it can be read.
  ///   - key: nil if the line has none. Such a line passes without state, except that `--dedupe` compares it
  ///     with others without a key.
  ///   - keyText: the key's text, for STATUS lines.
  ///   - matched: whether it passes the filter; ignored for a control line.
  ///   - value: the value of `--dedupe`; nil if it failed, which makes the line new.
  ///   - type: nil where the line is not an event.
  ///   - now: not before any earlier one.
  ///   - outputs: the outputs are appended to it.
  mutating func line(
    _ line: UnsafeRawBufferPointer, key: KeyHash?, keyText: [UInt8], matched: Bool, value: [UInt8]? = nil,
    type: EventType?, now: Moment, into outputs: inout [Output]
  ) {
    if let type, type.isControl {
      unsafe control(line, type, now, &outputs)
      return
    }
    let isDeletion = type == .deleted && key != nil
    if matched || isDeletion, let key,
      let status = absence?.line(of: key, text: keyText, isDeletion: isDeletion, now: now)
    {
      outputs.append(.status(status))
    }
    if goesOn(key, matched, value, type, isDeletion, now) {
      if let key, throttle != nil || debouncer != nil {
        let held = unsafe HeldLine(key: key, line: Line(line), matched: matched, type: type)
        throttle?.line(held, now: now.instant, into: &released)
        debouncer?.line(held, now: now.instant, into: &released)
      } else if unsafe deliver(line, key: key, matched, type, into: &outputs) {
        outputs.append(.line)
      }
    }
    tick(now: now, into: &outputs)
  }

  /// Releases the lines that are due. Call this at ``deadline``; each line does it, too.
  mutating func tick(now: Moment, into outputs: inout [Output]) {
    throttle?.tick(now: now.instant, into: &released)
    debouncer?.tick(now: now.instant, into: &released)
    deliverReleased(into: &outputs)
    while let status = absence?.tick(now: now) { outputs.append(.status(status)) }
    if !hasToldOfLimit, evictions > 0 {
      hasToldOfLimit = true
      outputs.append(.keysLimitReached)
    }
  }

  /// Releases all held lines, at the end of the input or of the run.
  mutating func end(into outputs: inout [Output]) {
    throttle?.end(into: &released)
    debouncer?.end(into: &released)
    deliverReleased(into: &outputs)
  }

  private var held: HeldLines? { debouncer?.held ?? throttle?.held }

  private var evictions: Int {
    tracker.evictions + (deduplicator?.evictions ?? 0) + (throttle?.evictions ?? 0)
      + (debouncer?.evictions ?? 0) + (absence?.evictions ?? 0)
  }

  /// Whether the line reaches the steps that hold and track lines.
  private mutating func goesOn(
    _ key: KeyHash?, _ matched: Bool, _ value: [UInt8]?, _ type: EventType?, _ isDeletion: Bool, _ now: Moment
  ) -> Bool {
    if matched {
      guard let value,
        let isNew = deduplicator?.isNew(
          key: key, value: value, isDeletion: isDeletion, now: now.instant)
      else { return true }
      return isNew
    }
    // A line that does not match matters only if its object has matched.
    guard let key, let type, [.added, .modified, .deleted].contains(type), follows(key) else { return false }
    deduplicator?.endLife(of: key)
    return true
  }

  private mutating func control(
    _ line: UnsafeRawBufferPointer, _ type: EventType, _ now: Moment, _ outputs: inout [Output]
  ) {
    tick(now: now, into: &outputs)
    if type == .bookmark, let held, held.count > 0 || !bookmarks.isEmpty {
      unsafe bookmarks.hold(Line(line), after: held.latestSequence)
      return
    }
    // After an error the stream has ended; the held lines came before it.
    if type == .error { end(into: &outputs) }
    outputs.append(.line)
  }

  private mutating func deliverReleased(into outputs: inout [Output]) {
    guard !released.isEmpty || !bookmarks.isEmpty else { return }
    var lines: [HeldLine] = []
    swap(&lines, &released)
    for held in lines {
      unsafe held.line.withUnsafeBytes { line in
        if unsafe deliver(line, key: held.key, held.matched, held.type, into: &outputs) {
          outputs.append(.data(held.line))
        }
      }
    }
    guard !bookmarks.isEmpty else { return }
    for bookmark in bookmarks.release(earliest: held?.earliestSequence) { outputs.append(.control(bookmark)) }
  }

  /// Tracks a released line. True if the caller has to print it unchanged.
  private mutating func deliver(
    _ line: UnsafeRawBufferPointer, key: KeyHash?, _ matched: Bool, _ type: EventType?,
    into outputs: inout [Output]
  ) -> Bool {
    if tracks, let type, let key {
      let told = tracker.event(type, key: key, matched: matched, hasBody: unsafe EventEdit.hasBody(line))
      guard let told else { return false }
      if told != type {
        guard let retyped = unsafe EventEdit.retyped(line, as: told) else { return false }
        outputs.append(.data(retyped))
        return false
      }
    }
    return true
  }
}
