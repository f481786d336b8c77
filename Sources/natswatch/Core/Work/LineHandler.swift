// SPDX-License-Identifier: Apache-2.0

/// A handler of `--lines`, which lives long: a message a line on its stdin, an answer a line on its stdout.
struct LineHandler {
  /// What a handler says of a message.
  enum Verdict: Equatable, Sendable {
    case ok
    case retry(reason: String)
    /// No other try will help: to the dead letters.
    case drop(reason: String)
  }

  /// A line of its stdout.
  enum Line: Equatable, Sendable {
    /// The verdict on the message with this sequence, or on the oldest one without a verdict.
    case answer(Verdict, sequence: UInt64?)
    /// Anything else: to be published, where there is a `--reply`.
    case other([UInt8])
  }

  /// Messages without an answer that one handler may have.
  static let window = 256

  var process: HandlerProcess?
  /// The messages without an answer, oldest first, and since when the oldest has been the oldest.
  var unanswered: [Job] = []
  var oldestSince = Duration.zero
  /// The beginning of a line that is not whole yet.
  private var partialLine: [UInt8] = []
  /// Lines that belong to the message of the next answer.
  var replies: [UInt8] = []
  var killedBecause: String?
  /// After a failure it is not started again before this time.
  var pause = Duration.zero
  var failuresInARow = 0

  /// The lines that are whole now.
  mutating func lines(_ bytes: [UInt8]) -> [Line] {
    var lines: [Line] = []
    var rest = bytes[...]
    while let newline = rest.firstIndex(of: 0x0a) {
      let line = partialLine + rest[..<newline]
      partialLine.removeAll(keepingCapacity: true)
      rest = rest[(newline + 1)...]
      if line.contains(where: { $0 > 0x20 }) { lines.append(Self.parse(line)) }
    }
    partialLine += rest
    return lines
  }

  mutating func forgetPartialLine() { partialLine.removeAll() }

  /// `ok`, `retry` or `drop`, a sequence or none, and for the last two a reason or none.
  static func parse(_ line: [UInt8]) -> Line {
    var words = line.split(whereSeparator: { $0 <= 0x20 })[...]
    guard let first = words.popFirst() else { return .other(line) }
    let word = String(decoding: first, as: UTF8.self)
    guard ["ok", "retry", "drop"].contains(word) else { return .other(line) }
    var sequence: UInt64?
    if let next = words.first, let number = UInt64(String(decoding: next, as: UTF8.self)) {
      sequence = number
      words.removeFirst()
    }
    let text = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    switch word {
    case "ok": return text.isEmpty ? .answer(.ok, sequence: sequence) : .other(line)
    case "retry": return .answer(.retry(reason: text), sequence: sequence)
    default: return .answer(.drop(reason: text), sequence: sequence)
    }
  }
}
