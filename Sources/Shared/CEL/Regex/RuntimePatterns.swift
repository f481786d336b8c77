// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Patterns that are only known while evaluating: they come from data, or are put together by the expression.
///
/// Compiling is paid for each time a pattern is used, whether it is found in the cache or not, so that the cost of an
/// evaluation does not depend on what ran before. Refusals are kept, too.
enum RuntimePatterns {
  /// What a pattern's program and automaton may take, in bytes: enough for some 10,000 instructions.
  private static let memoryLimit = 512 << 10
  /// RE2 finds out that a pattern is too large when it has made as much of its program as it may.
  private static let refusalCost = 80_000
  private static let capacity = 32

  private enum Entry {
    case compiled(Regex)
    case refused(RegexError)
  }

  private static let cache = Mutex<[UTF8String: Entry]>([:])

  /// The compiled pattern.
  ///
  /// - Throws: `invalidArgument` for a pattern that RE2 refuses, `costLimitExceeded`
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
    // A long pattern is not worth its memory.
    guard pattern.utf8.count <= 4096 else { return entry }
    cache.withLock { cache in
      if cache.count >= capacity { cache.removeAll(keepingCapacity: true) }
      cache[key] = entry
    }
    return entry
  }
}
