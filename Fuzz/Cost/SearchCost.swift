// SPDX-License-Identifier: Apache-2.0
//
// Looks for the expressions that take the most time, and the most memory, for each step that they are
// charged:
//
//   FUZZ=1 WATCHUTILS_ONLY=cel swift build -c release --product cel-cost-search
//   .build/release/cel-cost-search SECONDS [SEED [LIMIT]]
//
// Expressions are put together from calls of every function over texts, lists and numbers that grow, and from
// macros around them; those that cost most a step are changed and tried again. Each library has a search of
// its own. At the end the worst of each are evaluated at the whole limit, each in a process of its own, and
// their time and memory printed.

import CEL
import Filter
import Glibc
import JSON

@main
enum SearchCost {
  static func main() {
    let arguments = CommandLine.arguments
    if arguments.count == 4, arguments[1] == "measure" {
      print(Measurement.whole(arguments[3], limit: Int(arguments[2]) ?? 0))
      return
    }
    let seconds = arguments.count > 1 ? Double(arguments[1]) ?? 60 : 60
    let seed = arguments.count > 2 ? UInt64(arguments[2]) ?? 1 : 1
    let limit = arguments.count > 3 ? Int(arguments[3]) ?? 10_000_000 : 10_000_000
    var searches = Grammar.libraries.enumerated().map { index, library in
      Search(library: library, seed: seed &* 1000 &+ UInt64(index))
    }
    let start = Clock.cpu()
    while Clock.cpu() < start + seconds {
      for index in searches.indices {
        let end = Clock.cpu() + 1
        while Clock.cpu() < end { searches[index].step() }
      }
    }
    print(
      "seed \(seed), \(Int(Clock.cpu() - start)) s, \(searches.reduce(0) { $0 + $1.tried }) expressions tried"
    )
    print("ns/step  B/step  at \(limit) steps  expression")
    for search in searches {
      print(
        "\n\(search.library.isEmpty ? "core" : search.library): \(search.tried) tried, \(search.restarts) restarts"
      )
      for candidate in search.worst.members.prefix(8) {
        let whole = Measurement.inProcess(candidate.expression, limit: limit)
        print("\(Int(candidate.time))  \(Int(candidate.memory))  \(whole)  \(candidate.expression)")
      }
    }
  }
}

enum Clock {
  static func cpu() -> Double {
    var now = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  /// What the process keeps in memory.
  static func residentBytes() -> Int {
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 100)
    guard unsafe fgets(&line, 99, file) != nil else { return 0 }
    let words = String(decoding: line.prefix { $0 > 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
      separator: " ")
    return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * 4096
  }
}

/// What an evaluation over a line takes: its strings, lists and maps are read in place, as in wfilter and
/// wfanout.
struct Measurement {
  private static let line: [UInt8] = {
    let numbers = (0..<50).map(String.init).joined(separator: ",")
    let objects = (0..<200).map { #"{"a":"\t\u00e9\#($0)","b":[\#($0),{"c":"x"}]}"# }.joined(separator: ",")
    let text =
      #"{"x":{"a":[\#(numbers)],"b":"b","c":{"d":1.5}},"s":"\#(String(repeating: "a=b&", count: 200))","n":7,"#
      + #""e":"\#(String(repeating: #"\t\u00e9"#, count: 500))","o":[\#(objects)]}"#
    return Array(text.utf8)
  }()

  /// Calls `body` with an evaluator and the line; nil for an expression that does not compile.
  private static func evaluating<Result>(
    _ expression: String, limit: Int, _ body: (LineEvaluator, RawJSON) -> Result
  ) -> Result? {
    guard let filter = try? LineFilter(value: expression, costLimit: limit) else { return nil }
    let padded = line + [UInt8](repeating: 0, count: JSONCursor.padding)
    return unsafe padded.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      return unsafe body(LineEvaluator(filter), RawJSON(line: base, count: line.count))
    }
  }

  /// Nanoseconds and bytes a step, of an evaluation with a small limit; nil for what does not compile or
  /// costs little.
  static func rate(_ expression: String, limit: Int) -> (time: Double, memory: Double)? {
    let rate = evaluating(expression, limit: limit) { evaluator, line -> (Double, Double)? in
      let start = Clock.cpu()
      let before = Clock.residentBytes()
      let result = try? evaluator.value(line)
      let elapsed = (Clock.cpu() - start) * 1e9
      let after = Clock.residentBytes()
      let spent = limit - max(evaluator.remainingSteps, 0)
      guard spent > limit / 2 || elapsed > Double(limit) * 25 else { return nil }
      let kept = result == nil ? 0 : Double(after) - Double(before)
      return (elapsed / Double(max(spent, 1)), kept / Double(max(spent, 1)))
    }
    guard let rate, let rate else { return nil }
    return (time: rate.0, memory: rate.1)
  }

  /// Seconds and peak megabytes at a limit, as text.
  static func whole(_ expression: String, limit: Int) -> String {
    evaluating(expression, limit: limit) { evaluator, line in
      let start = Clock.cpu()
      let result = try? evaluator.value(line)
      let elapsed = Clock.cpu() - start
      var usage = rusage()
      // 0 is RUSAGE_SELF.
      unsafe getrusage(0, &usage)
      return "\(Int(elapsed * 1000)) ms  \(usage.ru_maxrss / 1024) MB\(result == nil ? "" : " (has a value)")"
    } ?? "does not compile"
  }

  /// The same in a process of its own, whose peak is not that of others.
  static func inProcess(_ expression: String, limit: Int) -> String {
    let quoted =
      "'" + expression.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
    guard let pipe = unsafe popen("\(CommandLine.arguments[0]) measure \(limit) \(quoted)", "r") else {
      return "?"
    }
    defer { unsafe pclose(pipe) }
    var line = [CChar](repeating: 0, count: 200)
    guard unsafe fgets(&line, 199, pipe) != nil else { return "no result" }
    return String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
