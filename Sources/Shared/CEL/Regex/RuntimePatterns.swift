// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A cache of patterns that are not constants: they come from data, or the expression computes them.
///
/// Each use of a pattern is charged for compiling, also if the pattern is in the cache, so that the cost of
/// an evaluation does not depend on earlier ones. Refused patterns are cached too. Any number of threads can
/// use the cache.
enum RuntimePatterns {
  /// The memory limit of a pattern's program and automaton, in bytes: enough for about 10,000 instructions.
  private static let memoryLimit = 512 << 10
  /// The cost of a pattern that RE2 refuses as too large: it does so only after it has compiled up to its
  /// memory limit.
  private static let refusalCost = 80_000
  private static let capacity = 32

  private enum Entry {
    case compiled(Regex)
    case refused(RegexError)
  }

  private static let cache = Mutex<[UTF8String: Entry]>([:])

  /// The compiled pattern.
  ///
  /// - Throws: `invalidArgument` if RE2 refuses the pattern, or `costLimitExceeded`
  static func regex(_ pattern: String, _ meter: inout Meter) throws(EvaluationError) -> Regex {
    let shape = RegexShape(Array(pattern.utf8.prefix(Regex.patternLimit)))
    try meter.spend(1500 + 10 * min(pattern.utf8.count, Regex.patternLimit) + 1500 * shape.properties)
    switch entry(pattern, shape) {
    case .compiled(let regex):
      try meter.spend(16 * regex.programSize)
      return regex
    case .refused(let error):
      if error.isTooLarge { try meter.spend(refusalCost) }
      throw .invalidArgument(error.message)
    }
  }

  private static func entry(_ pattern: String, _ shape: RegexShape) -> Entry {
    let key = UTF8String(pattern)
    if let known = cache.withLock({ $0[key] }) { return known }
    let entry: Entry
    do throws(RegexError) {
      entry = .compiled(try Regex(pattern, shape: shape, memoryLimit: memoryLimit))
    } catch {
      entry = .refused(error)
    }
    // Long patterns are not cached, to save memory.
    guard pattern.utf8.count <= 4096 else { return entry }
    cache.withLock { cache in
      if cache.count >= capacity { cache.removeAll(keepingCapacity: true) }
      cache[key] = entry
    }
    return entry
  }
}
