// SPDX-License-Identifier: Apache-2.0

import CEL

/// An evolutionary search for expressions that take long for what they are charged.
struct Search {
  struct Candidate {
    let expression: String
    let time: Double
    let memory: Double
  }

  private(set) var worst: [Candidate] = []
  private(set) var tried = 0
  private var random: Random
  private static let kept = 24
  private static let limit = 300_000

  init(seed: UInt64) { self.random = Random(seed) }

  mutating func step() {
    var generator = Generator(random: random)
    let expression: String
    if worst.count > 4, generator.random.below(3) > 0 {
      expression = generator.mutated(worst[generator.random.below(worst.count)].expression)
    } else {
      expression = generator.loop()
    }
    random = generator.random
    tried += 1
    guard expression.utf8.count < 2000, let rate = Measurement.rate(expression, limit: Self.limit) else {
      return
    }
    add(Candidate(expression: expression, time: rate.time, memory: rate.memory))
  }

  /// Keeps the worst by time and the worst by memory, and of each outermost function only a few.
  private mutating func add(_ candidate: Candidate) {
    let functions = Self.functions(candidate.expression)
    if let index = worst.firstIndex(where: { Self.functions($0.expression) == functions }) {
      if Self.score(candidate) > Self.score(worst[index]) { worst[index] = candidate }
    } else {
      worst.append(candidate)
    }
    worst.sort { Self.score($0) > Self.score($1) }
    if worst.count > Self.kept { worst.removeLast() }
  }

  /// 1 is 50 ns or 10 bytes a step.
  private static func score(_ candidate: Candidate) -> Double {
    max(candidate.time / 50, candidate.memory / 10)
  }

  /// The names of functions in an expression: two with the same are variations of one find.
  private static func functions(_ expression: String) -> Set<Substring> {
    Set(expression.split { !($0.isLetter || $0 == ".") }.filter { $0.count > 2 })
  }
}

/// A small generator whose run can be repeated.
struct Random {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func below(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state >> 33) % bound
  }

  mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }
}
