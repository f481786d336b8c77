// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The patterns that functions compiled last, so that a literal pattern is compiled once and not per evaluation.
///
/// Small on purpose: each pattern may hold an automaton of up to ``Regex/memoryLimit``, and patterns may come from
/// strangers.
final class RegexCache: Sendable {
  static let shared = RegexCache()
  private static let capacity = 16

  private let entries = Mutex<[UTF8String: Regex]>([:])

  /// The compiled pattern.
  ///
  /// - Throws: ``EvaluationError`` for a pattern that RE2 refuses.
  func regex(_ pattern: String) throws(EvaluationError) -> Regex {
    let key = UTF8String(pattern)
    if let found = entries.withLock({ $0[key] }) { return found }
    let compiled: Regex
    do throws(RegexError) {
      compiled = try Regex(pattern)
    } catch {
      throw .invalidArgument(error.message)
    }
    entries.withLock { entries in
      if entries.count >= RegexCache.capacity { entries.removeAll(keepingCapacity: true) }
      entries[key] = compiled
    }
    return compiled
  }
}
