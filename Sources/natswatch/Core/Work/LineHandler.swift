// SPDX-License-Identifier: Apache-2.0

import JSON

/// A long-lived handler of `--lines`: it reads one message per line from stdin and writes one answer per line
/// to stdout.
struct LineHandler {
  /// A handler's answer for a message.
  enum Verdict: Equatable, Sendable {
    case ok
    case retry(reason: String)
    /// A further try is useless; the message goes to the dead letters.
    case drop(reason: String)
  }

  /// A line of its stdout.
  enum Line: Equatable, Sendable {
    /// The answer for the message with this sequence, or for the oldest unanswered one.
    case answer(Verdict, sequence: UInt64?)
    /// Any other line, which is published with `--reply`.
    case other([UInt8])
  }

  /// The maximum number of unanswered messages per handler.
  static let window = 256

  /// A handler that has so many bytes to read gets no further messages.
  private static let unsentLimit = 1 << 20

  var process: HandlerProcess?
  /// The unanswered messages, oldest first, and the time since when the oldest one has been the oldest.
  var unanswered: [Job] = []
  var oldestSince = Duration.zero
  /// The sequences that it answered last, by which a repeated answer is known.
  private var answered: [UInt64] = []
  /// Whether it has answered anything since it was started.
  private(set) var hasAnswered = false
  private var hasStarted = false
  var hasReportedRepetition = false
  /// Since when it has a pipe closed and still runs.
  var closedSince: Duration?
  /// The beginning of an incomplete line.
  private var partialLine: [UInt8] = []
  /// Output lines that belong to the next answer's message.
  var replies: [UInt8] = []
  var killedBecause: String?
  /// It is not started again before this time, after a failure.
  var pause = Duration.zero
  var failuresInARow = 0

  /// Appends bytes and returns the lines that are complete now.
  mutating func lines(_ bytes: [UInt8]) -> [Line] {
    var lines: [Line] = []
    var start = 0
    while let newline = JSONWalker.find(0x0a, bytes.span, from: start) {
      let line = partialLine + bytes[start..<newline]
      partialLine.removeAll(keepingCapacity: true)
      start = newline + 1
      if line.contains(where: { $0 > 0x20 }) { lines.append(Self.parse(line)) }
    }
    partialLine += bytes[start...]
    return lines
  }

  /// The last line, without its newline; nil when there is none. For a handler that has ended.
  mutating func lastLine() -> Line? {
    defer { partialLine = [] }
    return partialLine.contains { $0 > 0x20 } ? Self.parse(partialLine) : nil
  }

  /// Handlers are started once at the beginning; one that has ended is needed again when there is a message for it.
  func isToStart(hasWork: Bool) -> Bool { process == nil && (hasWork || !hasStarted) }

  /// Whether it can be given a message.
  func isReady(window: Int) -> Bool {
    guard let process, process.ending == nil, killedBecause == nil, closedSince == nil else {
      return false
    }
    return unanswered.count < window && process.unsentBytes < Self.unsentLimit
  }

  /// The number of printed bytes that are not a complete answer yet.
  var heldBytes: Int { partialLine.count + replies.count }

  /// Starts with nothing remembered of an earlier process.
  mutating func began(_ process: HandlerProcess) {
    self.process = process
    hasStarted = true
    (partialLine, replies, answered) = ([], [], [])
    (killedBecause, closedSince) = (nil, nil)
    (hasAnswered, hasReportedRepetition) = (false, false)
  }

  mutating func noteAnswer(_ sequence: UInt64) {
    hasAnswered = true
    if answered.count >= Self.window { answered.removeFirst(Self.window / 2) }
    answered.append(sequence)
  }

  func isRepetition(_ sequence: UInt64) -> Bool { answered.contains(sequence) }

  /// Parses `ok`, `retry` or `drop`, an optional sequence, and for the last two an optional reason, of which the first
  /// 1,000 characters are kept.
  static func parse(_ line: [UInt8]) -> Line {
    // A line may be long or have millions of words, and a long line is rarely an answer.
    let start = line.drop { $0 <= 0x20 }
    let word = String(decoding: start.prefix(6).prefix { $0 > 0x20 }, as: UTF8.self)
    guard ["ok", "retry", "drop"].contains(word) else { return .other(line) }
    var rest = start.split(maxSplits: 2, whereSeparator: { $0 <= 0x20 }).dropFirst()
      .map { String(decoding: $0, as: UTF8.self) }
    let sequence = rest.first.flatMap { UInt64($0) }
    if sequence != nil { rest.removeFirst() }
    let reason = String(rest.joined(separator: " ").trimmed.prefix(1_000))
    switch word {
    case "ok" where reason.isEmpty: return .answer(.ok, sequence: sequence)
    case "retry": return .answer(.retry(reason: reason), sequence: sequence)
    case "drop": return .answer(.drop(reason: reason), sequence: sequence)
    default: return .other(line)
    }
  }
}
