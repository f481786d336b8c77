// SPDX-License-Identifier: Apache-2.0

/// An evolutionary search for expressions that take long for what they are charged, in one library.
///
/// When nothing worse was found for a while, it keeps the worst so far and begins again with none, so that
/// one find does not hide the others. A library that is searched for takes part in every expression.
struct Search {
  struct Candidate {
    let tree: Tree
    let line: Lines
    let rate: Measurement.Rate

    var expression: String { tree.text }

    /// 1 is 50 ns or 10 bytes a step.
    var score: Double { max(rate.time / 50, rate.memory / 10) }

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
  /// An expression is tried at one of these limits: most at the smallest, which takes least time. What grows
  /// faster than its steps shows at the others.
  private static let limits = [100_000, 300_000, 300_000, 300_000, 1_000_000, 1_000_000, 5_000_000]
  private static let patience = 2000

  init(library: String, seed: UInt64) {
    self.library = library
    generator = Generator(library: library, random: Random(seed))
  }

  mutating func step() {
    tried += 1
    let members = population.members
    let tree: Tree
    var line = generator.random.pick(Lines.allCases)
    if members.count > 4, generator.random.below(3) > 0 {
      // The better half of the population has more descendants.
      let parent = members[generator.random.below(generator.random.below(members.count) + 1)]
      tree = generator.mutated(parent.tree, with: generator.random.pick(members).tree)
      if generator.random.below(3) > 0 { line = parent.line }
    } else {
      tree = generator.loop()
    }
    let expression = tree.text
    let limit = generator.random.pick(Self.limits)
    if expression.utf8.count < 2000, let rate = Measurement.rate(expression, line, limit: limit) {
      var candidate = Candidate(tree: tree, line: line, rate: rate)
      // A rate that is high only once is noise.
      if population.wouldAdd(candidate), let again = Measurement.rate(expression, line, limit: limit) {
        candidate = Candidate(tree: tree, line: line, rate: rate.least(again))
      }
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

  /// Whether a candidate is worse than all others of its functions, and among the worst.
  func wouldAdd(_ candidate: Search.Candidate) -> Bool {
    let functions = candidate.functions
    if let member = members.first(where: { $0.functions == functions }) {
      // A difference of less than a tenth is noise.
      return candidate.score > member.score * 1.1
    }
    return members.count < Self.kept || candidate.score > (members.last?.score ?? 0)
  }

  /// True when the candidate was added.
  @discardableResult
  mutating func add(_ candidate: Search.Candidate) -> Bool {
    guard wouldAdd(candidate) else { return false }
    let functions = candidate.functions
    members.removeAll { $0.functions == functions }
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
