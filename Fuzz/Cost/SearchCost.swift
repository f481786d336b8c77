// SPDX-License-Identifier: Apache-2.0
//
// Looks for the expressions that take the most time, and the most memory, for each step that they are
// charged:
//
//   FUZZ=1 WATCHUTILS_ONLY=cel swift build -c release --product cel-cost-search
//   .build/release/cel-cost-search SECONDS [SEED [LIBRARY]]
//   .build/release/cel-cost-search measure LIMIT EXPRESSION LINE
//
// Expressions are put together from calls of every function over texts, lists and numbers that grow, and from
// macros around them; those that cost most a step are changed and tried again, over lines of several shapes.
// Each library has a search of its own. At the end the worst of each are evaluated at the default limit and at
// wfanout's, each in a process of its own, and their time and memory printed.

import Filter

@main
enum SearchCost {
  /// The default of a program, and wfanout's.
  private static let limits = [10_000_000, 100_000]

  static func main() {
    let arguments = CommandLine.arguments
    if arguments.count == 5, arguments[1] == "measure" {
      let line = Lines.allCases.first { "\($0)" == arguments[4] } ?? .small
      print(Measurement.whole(arguments[3], line, limit: Int(arguments[2]) ?? 0))
      return
    }
    let seconds = arguments.count > 1 ? Double(arguments[1]) ?? 60 : 60
    let seed = arguments.count > 2 ? UInt64(arguments[2]) ?? 1 : 1
    let libraries = arguments.count > 3 ? [arguments[3]] : Grammar.libraries
    var searches = libraries.enumerated().map { index, library in
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
    print("ns/step  B/step  \(limits.map { "at \($0) steps" }.joined(separator: "  "))  line  expression")
    for search in searches {
      print(
        "\n\(search.library.isEmpty ? "core" : search.library): \(search.tried) tried, \(search.restarts) restarts"
      )
      for candidate in search.worst.members.prefix(12) {
        let wholes = limits.map { Measurement.inProcess(candidate.expression, candidate.line, limit: $0) }
        print(
          "\(Int(candidate.rate.time))  \(Int(candidate.rate.memory))  \(wholes.joined(separator: "  "))  "
            + "\(candidate.line)  \(candidate.expression)")
      }
    }
  }
}
