// SPDX-License-Identifier: Apache-2.0

import CEL
import CProcess
import Filter
import Glibc
import JSON

/// The time and memory of an evaluation over a line. As with wfilter's `--emit`, values are read in place and
/// the result is printed.
enum Measurement {
  /// Nanoseconds and bytes a step.
  struct Rate {
    var time: Double
    var memory: Double

    func least(_ other: Rate) -> Rate { Rate(time: min(time, other.time), memory: min(memory, other.memory)) }
  }

  private static let lines = Lines.allCases.map { line in
    let texts = line.texts
    return (line: PaddedLine(texts.line), old: PaddedLine(texts.old))
  }

  /// The seconds and bytes of one evaluation, and the steps that it was charged; nil for an expression that
  /// does not compile.
  private static func evaluate(
    _ expression: String, _ line: Lines, limit: Int
  ) -> (seconds: Double, bytes: Int, steps: Int, hasValue: Bool)? {
    guard let filter = try? LineFilter(value: expression, costLimit: limit) else { return nil }
    let evaluator = LineEvaluator(filter)
    let texts = lines[line.rawValue]
    var output: [UInt8] = []
    cprocess_trim_memory()
    Memory.forgetPeak()
    let before = Memory.residentBytes()
    var hasValue = true
    let start = Clock.cpu()
    _ = texts.line.withJSON { json in
      texts.old.withJSON { old in
        do { try evaluator.appendValue(json, context: LineContext(old: old), to: &output) } catch {
          hasValue = false
        }
      }
    }
    let seconds = Clock.cpu() - start
    return (seconds, Memory.peakBytes() - before, limit - max(evaluator.remainingSteps, 0), hasValue)
  }

  /// The rate of an evaluation with a small limit; nil for an expression that does not compile or costs little.
  static func rate(_ expression: String, _ line: Lines, limit: Int) -> Rate? {
    guard let result = evaluate(expression, line, limit: limit) else { return nil }
    // An evaluation that takes little time is no danger, however few steps it is charged.
    let steps = Double(max(result.steps, limit / 4))
    return Rate(time: result.seconds * 1e9 / steps, memory: Double(result.bytes) / steps)
  }

  /// Milliseconds and megabytes at a limit: the least time of three.
  static func whole(_ expression: String, _ line: Lines, limit: Int) -> String {
    let results = (0..<3).compactMap { _ in evaluate(expression, line, limit: limit) }
    guard let seconds = results.map(\.seconds).min(), let bytes = results.map(\.bytes).max() else {
      return "does not compile"
    }
    let value = results.allSatisfy(\.hasValue) ? " (has a value)" : ""
    return "\((seconds * 10_000).rounded() / 10) ms  \(bytes >> 20) MB\(value)"
  }

  /// The same in another process, so that only this evaluation's memory is counted.
  static func inProcess(_ expression: String, _ line: Lines, limit: Int) -> String {
    let quoted =
      "'" + expression.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
    let command = "\(CommandLine.arguments[0]) measure \(limit) \(quoted) \(line)"
    guard let pipe = unsafe popen(command, "r") else { return "?" }
    defer { unsafe pclose(pipe) }
    var text = [CChar](repeating: 0, count: 200)
    guard unsafe fgets(&text, 199, pipe) != nil else { return "no result" }
    return String(decoding: text.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

enum Clock {
  static func cpu() -> Double {
    var now = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}

/// The resident memory of the process.
enum Memory {
  /// Resets the peak.
  static func forgetPeak() {
    guard let file = unsafe fopen("/proc/self/clear_refs", "w") else { return }
    unsafe fputs("5", file)
    unsafe fclose(file)
  }

  static func residentBytes() -> Int { status("VmRSS:") }

  static func peakBytes() -> Int { status("VmHWM:") }

  private static func status(_ name: String) -> Int {
    guard let file = unsafe fopen("/proc/self/status", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 200)
    while unsafe fgets(&line, 199, file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard text.hasPrefix(name) else { continue }
      return (text.split { !$0.isNumber }.first.flatMap { Int($0) } ?? 0) * 1024
    }
    return 0
  }
}
