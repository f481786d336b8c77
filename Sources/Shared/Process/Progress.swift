// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// The progress of a long run: one line on stderr that is rewritten in place and removed at the end.
///
/// It is shown only if stderr is a terminal and stdout is not. ``update(lines:done:)`` may be called often:
/// it writes at most five times a second.
///
///     let progress = Progress(tool: "wfilter", total: bytesInAllFiles)
///     while let block = next() { …; progress?.update(lines: lines, done: bytesRead) }
///     progress?.finish()
///
/// Not for several threads at once.
package final class Progress {
  private let tool: String
  private let total: Int64?
  private let descriptor: Int32
  private let start = ContinuousClock.now
  private var last: ContinuousClock.Instant?

  /// Nil if nothing is to be shown: the user wants no messages, stderr is not a terminal, or stdout is one.
  ///
  /// - Parameters:
  ///   - tool: The name that the line begins with.
  ///   - total: the value of `done` at the end, if it is known.
  ///   - isQuiet: Whether the user asked for no messages.
  ///   - output: the descriptor of the run's data.
  ///   - errors: the descriptor of the progress line.
  package init?(
    tool: String, total: Int64? = nil, isQuiet: Bool = false, output: Int32 = 1, errors: Int32 = 2
  ) {
    guard !isQuiet, isatty(errors) == 1, isatty(output) != 1 else { return nil }
    self.tool = tool
    self.total = total
    descriptor = errors
  }

  /// Shows the state of the run, unless it was shown a moment ago.
  ///
  /// - Parameters:
  ///   - lines: The lines (or messages) that are finished.
  ///   - done: How much of `total` is finished, in its unit.
  package func update(lines: Int64, done: Int64 = 0) {
    let now = ContinuousClock.now
    // A run that is over within half a second needs no line.
    guard now - (last ?? start + .milliseconds(300)) >= .milliseconds(200) else { return }
    last = now
    let text = ProgressText.line(
      tool: tool, elapsed: now - start, lines: lines, done: done, total: total, columns: columns)
    write("\r\(text)\u{1B}[K")
    Self.isShown.store(true, ordering: .relaxed)
  }

  /// Removes the line.
  package func finish() { Self.clear(descriptor) }

  deinit { finish() }

  private static let isShown = Atomic(false)

  /// Makes room for a message: removes the line if one is shown. The next update brings it back.
  package static func clear(_ descriptor: Int32 = 2) {
    guard isShown.exchange(false, ordering: .relaxed) else { return }
    unsafe _ = Glibc.write(descriptor, "\r\u{1B}[K", 4)
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    unsafe bytes.withUnsafeBytes { unsafe _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
  }

  private var columns: Int {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 80 }
    return Int(size.ws_col)
  }
}

/// The text of the line.
enum ProgressText {
  /// `wfilter: 1.2 M lines, 410 k/s, 37 %, 12 s left`
  static func line(tool: String, elapsed: Duration, lines: Int64, done: Int64, total: Int64?, columns: Int)
    -> String
  {
    let seconds = Double(elapsed.milliseconds) / 1000
    let rate = seconds > 0 ? Double(lines) / seconds : 0
    var parts = ["\(tool): \(amount(Double(lines))) lines", "\(amount(rate))/s"]
    if let total, total > 0, done > 0 {
      let share = min(Double(done) / Double(total), 1)
      parts.append("\(Int(share * 100)) %")
      parts.append("\(time(seconds * (1 - share) / share)) left")
    } else {
      parts.append(time(seconds))
    }
    return String(parts.joined(separator: ", ").prefix(columns - 1))
  }

  /// 950, 1.2 k, 37 k, 4.0 M
  static func amount(_ value: Double) -> String {
    for (unit, size) in [("G", 1e9), ("M", 1e6), ("k", 1e3)] where value >= size {
      let tenths = Int(value / size * 10)
      return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(unit)" : "\(tenths / 10) \(unit)"
    }
    return "\(Int(value))"
  }

  /// 12 s, 3 min 20 s, 2 h 5 min
  static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}
