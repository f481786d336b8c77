// SPDX-License-Identifier: Apache-2.0

/// The constant patterns of an expression, each compiled once.
struct ConstantPatterns {
  /// The limit for the compiled programs of all patterns together, in RE2 instructions.
  static let instructionLimit = 600_000
  /// The instructions that each pattern counts for in addition to its own.
  private static let overhead = 3000
  /// The memory limits of a pattern's program and automaton, in bytes: the usual one, one for expressions
  /// with many patterns, and one for the few patterns that need more.
  private static let (memory, smallMemory, largeMemory) = (2 << 20, 512 << 10, 8 << 20)
  private static let propertyLimit = 400

  private var known: [UTF8String: Regex] = [:]
  private var instructions = 0

  /// The compiled pattern.
  ///
  /// - Throws: ``RegexError`` if the pattern is invalid, or the expression's patterns together are too large
  mutating func regex(_ pattern: String) throws(RegexError) -> Regex {
    let key = UTF8String(pattern)
    if let known = known[key] { return known }
    let shape = RegexShape(Array(pattern.utf8.prefix(Regex.patternLimit)))
    guard shape.properties <= Self.propertyLimit else { throw RegexError.tooLarge }
    let regex = try compile(pattern, shape)
    instructions += Self.overhead + regex.programSize
    guard instructions <= Self.instructionLimit else {
      throw RegexError(
        message: "the patterns of this expression are too large: together they compile to \(instructions)"
          + " instructions, and \(Self.instructionLimit) are allowed. \(RegexError.remedy)", isTooLarge: true)
    }
    known[key] = regex
    return regex
  }

  private func compile(_ pattern: String, _ shape: RegexShape) throws(RegexError) -> Regex {
    do throws(RegexError) {
      let memory = known.count < 16 ? Self.memory : Self.smallMemory
      return try Regex(pattern, shape: shape, memoryLimit: memory)
    } catch {
      guard error.isTooLarge else { throw error }
      return try Regex(pattern, shape: shape, memoryLimit: Self.largeMemory)
    }
  }
}
