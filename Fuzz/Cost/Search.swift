// SPDX-License-Identifier: Apache-2.0

/// An evolutionary search for expressions that take long for what they are charged, in one library.
///
/// When nothing worse was found for a while, it keeps the worst so far and begins again with none, so that
/// one find does not hide the others. A library that is searched for takes part in every expression.
struct Search {
  struct Candidate {
    let expression: String
    let time: Double
    let memory: Double

    /// 1 is 50 ns or 10 bytes a step.
    var score: Double { max(time / 50, memory / 10) }

    /// The names of functions: two expressions with the same are variations of one find.
    var functions: Set<Substring> {
      Set(expression.split { !($0.isLetter || $0 == ".") }.filter { $0.count > 2 })
    }
  }

  let library: String
  /// The worst of all populations.
  private(set) var worst = Ranking()
  private(set) var tried = 0
  private(set) var restarts = 0
  private var population = Ranking()
  private var lastImprovement = 0
  private var generator: Generator
  private static let limit = 300_000
  private static let patience = 4000

  init(library: String, seed: UInt64) {
    self.library = library
    generator = Generator(library: library, random: Random(seed))
  }

  mutating func step() {
    tried += 1
    let members = population.members
    let expression =
      members.count > 4 && generator.random.below(3) > 0
      ? generator.mutated(members[generator.random.below(members.count)].expression) : generator.loop()
    if expression.utf8.count < 2000, let rate = Measurement.rate(expression, limit: Self.limit) {
      let candidate = Candidate(expression: expression, time: rate.time, memory: rate.memory)
      worst.add(candidate)
      if population.add(candidate) { lastImprovement = tried }
    }
    guard tried - lastImprovement > Self.patience else { return }
    restarts += 1
    lastImprovement = tried
    population = Ranking()
  }
}

/// The worst expressions, one for each set of functions.
struct Ranking {
  private(set) var members: [Search.Candidate] = []
  private static let kept = 24

  /// True when a candidate is worse than all others of its functions, and among the worst.
  @discardableResult
  mutating func add(_ candidate: Search.Candidate) -> Bool {
    let functions = candidate.functions
    if let index = members.firstIndex(where: { $0.functions == functions }) {
      // What differs by less than a tenth is the machine.
      guard candidate.score > members[index].score * 1.1 else { return false }
      members.remove(at: index)
    }
    guard members.count < Self.kept || candidate.score > (members.last?.score ?? 0) else { return false }
    members.insert(candidate, at: members.firstIndex { $0.score < candidate.score } ?? members.count)
    if members.count > Self.kept { members.removeLast() }
    return true
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
