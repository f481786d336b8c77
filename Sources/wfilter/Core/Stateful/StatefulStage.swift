// SPDX-License-Identifier: Apache-2.0
import Events

/// The stateful part of wfilter: takes each line with the filter's result, and decides which lines are
/// printed now.
///
/// Lines pass through the steps in this order: absence, dedupe, throttle or debounce, track. Tracking is
/// last, so that ADDED, MODIFIED and DELETED are right for the lines that were printed, not for those that
/// were replaced while they were held. Pure: no I/O, time is a parameter, one thread.
struct StatefulStage: ~Copyable {
  /// The next actions, in order.
  enum Output: Equatable {
    /// Print this data line, followed by a newline.
    case data(Line)
    /// Print this control line, followed by a newline.
    case control(Line)
    /// A key fell silent or came back.
    indirect case status(StreamStatus)
    /// The limit of keys was reached. Reported once.
    case keysLimitReached
  }

  private enum Pacing { case none, throttle, debounce }

  /// Whether every line that matches is printed at once: no flag asks for anything else.
  let isIdle: Bool
  private let tracks: Bool
  private let dedupes: Bool
  private let watchesAbsence: Bool
  private let pacing: Pacing
  private var tracker: Tracker
  private var deduplicator: Deduplicator
  private var throttle: Throttle
  private var debouncer: Debouncer
  private var absence: AbsenceWatch
  private var bookmarks = BookmarkBarrier()
  private var released: [HeldLine] = []
  private var hasToldOfLimit = false
  private var mayHaveEvicted = false

  init(_ options: StateOptions) {
    let (keys, bytes) = (options.keysLimit, options.byteLimit)
    tracks = options.tracks
    tracker = Tracker(limit: keys)
    dedupes = options.dedupe != nil
    pacing = options.throttle != nil ? .throttle : options.debounce != nil ? .debounce : .none
    deduplicator = Deduplicator(window: options.window, limit: keys)
    throttle = Throttle(interval: options.throttle ?? .zero, limit: keys, byteLimit: bytes)
    let quiet = options.debounce ?? .zero
    debouncer = Debouncer(
      quiet: quiet, maximumWait: options.maximumWait ?? max(.seconds(2), quiet), limit: keys, byteLimit: bytes
    )
    watchesAbsence = options.silence != nil
    isIdle = !options.isNeeded
    absence = AbsenceWatch(silence: options.silence ?? .zero, limit: keys)
  }

  var counts: StatefulCounts {
    StatefulCounts(
      deduplicated: deduplicator.dropped, superseded: throttle.held.superseded + debouncer.held.superseded,
      evicted: evictions)
  }

  /// The next time at which ``tick(now:into:)`` has something to do; nil if it depends on the next line.
  var deadline: Instant? {
    guard let held = heldDeadline, let silence = absence.deadline else {
      return heldDeadline ?? absence.deadline
    }
    return min(held, silence)
  }

  private var heldDeadline: Instant? { throttle.held.deadline ?? debouncer.held.deadline }

  /// Whether the text of this key may be needed.
  func needsText(of key: KeyHash?) -> Bool {
    guard watchesAbsence, let key else { return false }
    return !absence.knows(key)
  }

  /// Whether a line of `key` matters even if it does not match, because its object may leave the filter.
  func follows(_ key: KeyHash?) -> Bool {
    guard tracks, let key else { return false }
    return tracker.contains(key) || throttle.held.contains(key) || debouncer.held.contains(key)
  }

  /// Takes the next line, whether it matched or not, control lines too.
  ///
  /// - Parameters:
  ///   - line: without its newline; ``JSONCursor/padding`` bytes after it can be read.
  ///   - key: nil if the line has none. Such a line passes without state, except that `--dedupe` compares it
  ///     with others without a key.
  ///   - keyText: the key's text, for STATUS lines; only if ``needsText(of:)``.
  ///   - matched: whether it passes the filter; ignored for a control line.
  ///   - value: the hash of the value of `--dedupe`; nil if it failed, which makes the line new.
  ///   - type: nil where the line is not an event.
  ///   - now: not before any earlier one.
  ///   - outputs: the outputs are appended to it.
  /// - Returns: the number of outputs after which the line itself is printed unchanged; nil if it is not.
  mutating func line(
    _ line: UnsafeRawBufferPointer, key: KeyHash?, keyText: [UInt8], matched: Bool, value: KeyHash? = nil,
    type: EventType?, now: Moment, into outputs: inout [Output]
  ) -> Int? {
    if let type, type.isControl { return unsafe control(line, type, now, &outputs) }
    var place: Int?
    let isDeletion = type == .deleted && key != nil
    if watchesAbsence, matched || isDeletion, let key {
      mayHaveEvicted = true
      if let status = absence.line(of: key, text: keyText, isDeletion: isDeletion, now: now) {
        outputs.append(.status(status))
      }
    }
    if goesOn(key, matched, value, type, isDeletion, now) {
      mayHaveEvicted = true
      if unsafe passes(line, key, matched, type, now.instant) {
        deliverReleased(into: &outputs)
        if unsafe deliver(line, key: key, matched, type, into: &outputs) { place = outputs.count }
      }
    }
    tick(now: now, into: &outputs)
    return place
  }

  /// Whether the line is not held. Lines that are released before it are added to ``released``.
  private mutating func passes(
    _ line: UnsafeRawBufferPointer, _ key: KeyHash?, _ matched: Bool, _ type: EventType?, _ now: Instant
  ) -> Bool {
    guard pacing != .none, let key else { return true }
    let arriving = unsafe ArrivingLine(key: key, bytes: line, matched: matched, type: type)
    return pacing == .throttle
      ? throttle.passes(arriving, now: now, into: &released)
      : debouncer.passes(arriving, now: now, into: &released)
  }

  /// Releases the lines that are due. Call this at ``deadline``; each line does it, too.
  mutating func tick(now: Moment, into outputs: inout [Output]) {
    if pacing != .none {
      if pacing == .throttle {
        throttle.tick(now: now.instant, into: &released)
      } else {
        debouncer.tick(now: now.instant, into: &released)
      }
      deliverReleased(into: &outputs)
      deliverBookmarks(into: &outputs)
    }
    while watchesAbsence, let status = absence.tick(now: now) { outputs.append(.status(status)) }
    guard mayHaveEvicted else { return }
    mayHaveEvicted = false
    if !hasToldOfLimit, evictions > 0 {
      hasToldOfLimit = true
      outputs.append(.keysLimitReached)
    }
  }

  /// Releases all held lines, at the end of the input or of the run.
  mutating func end(into outputs: inout [Output]) {
    throttle.end(into: &released)
    debouncer.end(into: &released)
    deliverReleased(into: &outputs)
    deliverBookmarks(into: &outputs)
  }

  private var evictions: Int {
    tracker.evictions + deduplicator.evictions + throttle.evictions + debouncer.evictions
      + absence.evictions
  }

  /// Whether the line reaches the steps that hold and track lines.
  private mutating func goesOn(
    _ key: KeyHash?, _ matched: Bool, _ value: KeyHash?, _ type: EventType?, _ isDeletion: Bool, _ now: Moment
  ) -> Bool {
    if matched {
      guard dedupes, let value else { return true }
      return deduplicator.isNew(key: key, value: value, isDeletion: isDeletion, now: now.instant)
    }
    // A line that does not match matters only if its object has matched.
    guard let key, let type, [.added, .modified, .deleted].contains(type), follows(key) else { return false }
    if dedupes { deduplicator.endLife(of: key) }
    return true
  }

  private mutating func control(
    _ line: UnsafeRawBufferPointer, _ type: EventType, _ now: Moment, _ outputs: inout [Output]
  ) -> Int? {
    tick(now: now, into: &outputs)
    if type == .bookmark, pacing != .none,
      throttle.held.count + debouncer.held.count > 0 || !bookmarks.isEmpty
    {
      // One of the two never holds a line.
      unsafe bookmarks.hold(
        Line(line), after: max(throttle.held.latestSequence, debouncer.held.latestSequence))
      return nil
    }
    // After an error the stream has ended; the held lines came before it.
    if type == .error { end(into: &outputs) }
    return outputs.count
  }

  private mutating func deliverReleased(into outputs: inout [Output]) {
    guard !released.isEmpty else { return }
    mayHaveEvicted = true
    var lines: [HeldLine] = []
    swap(&lines, &released)
    for held in lines {
      unsafe held.line.withUnsafeBytes { line in
        if unsafe deliver(line, key: held.key, held.matched, held.type, into: &outputs) {
          outputs.append(.data(held.line))
        }
      }
    }
  }

  /// After the lines: a line may replace a held one for which a bookmark waits.
  private mutating func deliverBookmarks(into outputs: inout [Output]) {
    guard !bookmarks.isEmpty else { return }
    let earliest = throttle.held.earliestSequence ?? debouncer.held.earliestSequence
    for bookmark in bookmarks.release(earliest: earliest) { outputs.append(.control(bookmark)) }
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
