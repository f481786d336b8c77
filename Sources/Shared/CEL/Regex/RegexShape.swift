// SPDX-License-Identifier: Apache-2.0

/// An estimate, from the text of a pattern, of the cost of searches with it.
///
/// RE2 searches with an automaton that it builds while it searches. For most patterns the automaton has few
/// states, and a byte costs about a nanosecond. If many states are possible, as for `a[ab]{100}c`, every byte
/// may lead to a new state, and its cost is proportional to the number of positions in the pattern that can
/// be active at once. The values here are upper bounds that do not need an exact parser.
struct RegexShape: Sendable {
  /// The number of characters and classes in the pattern, with counted repetitions expanded.
  private(set) var positions = 0
  /// The number of classes, and of choices such as `?` and `|`. Each may double the number of states.
  private(set) var choices = 0
  /// The number of Unicode property classes, which RE2 compiles slowly.
  private(set) var properties = 0
  /// Whether RE2 may continue to look for a longer match after it has found one, so that a search may read
  /// far beyond its match.
  private(set) var readsPastMatch = false
  /// The bytes that the pattern can match. After a match, a search continues only over these bytes.
  private(set) var alphabet = ByteSet()

  private static let limit = 100_000

  private var hasLoop = false
  private var hasAlternative = false
  private var isFolded = false

  /// An upper bound of the number of states.
  private(set) var states = 1

  init(_ pattern: [UInt8]) {
    isFolded = pattern.contains(sequence: Array("(?".utf8)) && pattern.contains(UInt8(ascii: "i"))
    var reader = Reader(pattern)
    let whole = sequence(&reader)
    positions = whole.positions
    choices = whole.choices
    readsPastMatch = hasLoop && hasAlternative
    states = choices >= 16 ? Self.limit : min((positions + 1) << choices, Self.limit)
  }

  /// Whether the states may need more memory than RE2 has for them, so that it follows the positions for each byte.
  /// A state lists the active positions, which are all of them if the pattern repeats one character.
  var mayExhaustMemory: Bool { states > 2000 || states.multipliedSaturated(by: positions) > 150_000 }

  /// The cost of a byte that leads to a new state, or of any byte when the memory for states is exhausted.
  var costOfState: Int { 3 + positions / 8 }

  /// The maximum cost of searching `byteCount` bytes, in steps.
  func searchCost(_ byteCount: Int) -> Int {
    let newStates = mayExhaustMemory ? byteCount : min(byteCount, states)
    return (byteCount / 10 + 1).addingSaturated(newStates.multipliedSaturated(by: costOfState))
  }

  // MARK: - Reading

  /// A part of the pattern.
  private struct Part {
    var positions = 0
    var choices = 0
    var isGroup = false

    func repeated(_ count: Int) -> Part {
      Part(
        positions: min(positions.multipliedSaturated(by: count), RegexShape.limit),
        choices: min(choices.multipliedSaturated(by: count), RegexShape.limit))
    }
  }

  /// Reads alternatives up to the end of a group or of the pattern. The nesting depth is limited as in RE2.
  private mutating func sequence(_ reader: inout Reader) -> Part {
    var total = Part()
    var last = Part()
    while let byte = reader.next() {
      switch byte {
      case UInt8(ascii: ")"):
        return sum(total, last)
      case UInt8(ascii: "|"):
        hasAlternative = true
        last.choices += 1
      case UInt8(ascii: "("):
        total = sum(total, last)
        reader.skipGroupPrefix()
        reader.depth += 1
        // RE2 refuses patterns that nest deeper than 1000 levels.
        last = reader.depth > 1000 ? Part(positions: Self.limit, choices: Self.limit) : sequence(&reader)
        reader.depth -= 1
        last.isGroup = true
      case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
        guard let (least, most) = reader.repetition(byte) else {
          total = sum(total, last)
          last = literal(byte)
          continue
        }
        last = quantified(last, least, most)
      case UInt8(ascii: "^"), UInt8(ascii: "$"): break
      default:
        total = sum(total, last)
        last = atom(byte, &reader)
      }
    }
    return sum(total, last)
  }

  private func sum(_ left: Part, _ right: Part) -> Part {
    Part(
      positions: min(left.positions + right.positions, Self.limit),
      choices: min(left.choices + right.choices, Self.limit))
  }

  private mutating func quantified(_ part: Part, _ least: Int, _ most: Int?) -> Part {
    if most ?? .max > 16 { hasLoop = true }
    if part.isGroup, least != most { hasAlternative = true }
    guard let most else {
      var result = part.repeated(max(least, 1))
      result.choices += 1
      return result
    }
    var result = part.repeated(max(most, 1))
    result.choices = min(result.choices + most - min(least, most), Self.limit)
    return result
  }

  private mutating func literal(_ byte: UInt8) -> Part {
    alphabet.insert(byte)
    if isFolded {
      alphabet.insert(byte ^ 0x20)
      alphabet.insertNonASCII()
    }
    return Part(positions: 1)
  }

  private mutating func atom(_ byte: UInt8, _ reader: inout Reader) -> Part {
    switch byte {
    case UInt8(ascii: "."), UInt8(ascii: "["):
      if byte == UInt8(ascii: "["), let set = reader.characterClass(&properties), !isFolded {
        alphabet.formUnion(set)
      } else {
        alphabet = .all
      }
      return Part(positions: 1, choices: 1)
    case UInt8(ascii: "\\"):
      guard let escaped = reader.next() else { return Part() }
      switch escaped {
      case UInt8(ascii: "Q"):
        var part = Part()
        while let byte = reader.nextQuoted() { part = sum(part, literal(byte)) }
        return part
      case UInt8(ascii: "A"), UInt8(ascii: "z"): return Part()
      case UInt8(ascii: "b"), UInt8(ascii: "B"): return Part(choices: 1)
      case UInt8(ascii: "p"), UInt8(ascii: "P"):
        properties += 1
        reader.skipBraced()
        alphabet = .all
        return Part(positions: 1, choices: 1)
      default:
        guard escaped.isIdentifierPart, escaped != UInt8(ascii: "_") else { return literal(escaped) }
        if escaped == UInt8(ascii: "x") { reader.skipBraced() }
        alphabet.formUnion(ByteSet.escape(escaped))
        return Part(positions: 1, choices: 1)
      }
    default: return literal(byte)
    }
  }
}

/// A set of bytes that contains all non-ASCII bytes or none.
struct ByteSet: Sendable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0
  private var hasNonASCII = false

  static let all: ByteSet = {
    var set = ByteSet()
    set.low = .max
    set.high = .max
    set.hasNonASCII = true
    return set
  }()

  /// A superset of the bytes that an escape such as `\d` matches.
  static func escape(_ letter: UInt8) -> ByteSet {
    var set = ByteSet()
    switch letter {
    case UInt8(ascii: "d"): set.insert(range: UInt8(ascii: "0")...UInt8(ascii: "9"))
    case UInt8(ascii: "s"): for byte in [9, 10, 12, 13, 32] as [UInt8] { set.insert(byte) }
    case UInt8(ascii: "w"):
      for byte in 0..<0x80 as Range<UInt8> where byte.isIdentifierPart { set.insert(byte) }
    case UInt8(ascii: "n"): set.insert(10)
    case UInt8(ascii: "r"): set.insert(13)
    case UInt8(ascii: "t"): set.insert(9)
    default: return .all
    }
    return set
  }

  func contains(_ byte: UInt8) -> Bool {
    switch byte {
    case 0..<64: low >> UInt64(byte) & 1 == 1
    case 64..<128: high >> UInt64(byte - 64) & 1 == 1
    default: hasNonASCII
    }
  }

  mutating func insert(_ byte: UInt8) {
    switch byte {
    case 0..<64: low |= 1 << UInt64(byte)
    case 64..<128: high |= 1 << UInt64(byte - 64)
    default: hasNonASCII = true
    }
  }

  mutating func insert(range: ClosedRange<UInt8>) { for byte in range { insert(byte) } }

  mutating func insertNonASCII() { hasNonASCII = true }

  mutating func formUnion(_ other: ByteSet) {
    low |= other.low
    high |= other.high
    hasNonASCII = hasNonASCII || other.hasNonASCII
  }

  var inverted: ByteSet {
    var result = self
    result.low = ~low
    result.high = ~high
    result.hasNonASCII = true
    return result
  }
}

extension RegexShape {
  /// Reads a pattern from left to right.
  private struct Reader {
    private let bytes: [UInt8]
    private var index = 0
    var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> UInt8? {
      guard index < bytes.count else { return nil }
      defer { index += 1 }
      return bytes[index]
    }

    /// The next byte of literal text after `\Q`; nil at its end.
    mutating func nextQuoted() -> UInt8? {
      if bytes[index...].starts(with: "\\E".utf8) {
        index += 2
        return nil
      }
      return next()
    }

    /// Skips the text between `(` and the content of the group: `?:`, `?i`, `?P<name>`.
    mutating func skipGroupPrefix() {
      guard index < bytes.count, bytes[index] == UInt8(ascii: "?") else { return }
      while index < bytes.count,
        ![UInt8(ascii: ":"), UInt8(ascii: ">"), UInt8(ascii: ")")].contains(bytes[index])
      {
        index += 1
      }
      // The `)` of a group with flags only, such as `(?i)`, is left for the caller.
      if index < bytes.count, bytes[index] != UInt8(ascii: ")") { index += 1 }
    }

    /// Skips the `{…}` or the letter after `\p` or `\x`.
    mutating func skipBraced() {
      guard index < bytes.count else { return }
      if bytes[index] == UInt8(ascii: "{") {
        while index < bytes.count, bytes[index] != UInt8(ascii: "}") { index += 1 }
      }
      index = min(index + 1, bytes.count)
    }

    /// The bounds of a repetition; nil for a brace that is not a repetition.
    mutating func repetition(_ byte: UInt8) -> (least: Int, most: Int?)? {
      let result: (Int, Int?)
      switch byte {
      case UInt8(ascii: "*"): result = (0, nil)
      case UInt8(ascii: "+"): result = (1, nil)
      case UInt8(ascii: "?"): result = (0, 1)
      default:
        guard let counted = counted() else { return nil }
        result = counted
      }
      if index < bytes.count, bytes[index] == UInt8(ascii: "?") { index += 1 }
      return result
    }

    private mutating func counted() -> (Int, Int?)? {
      var end = index
      while end < bytes.count, bytes[end] != UInt8(ascii: "}"), end - index < 12 { end += 1 }
      guard end < bytes.count, bytes[end] == UInt8(ascii: "}") else { return nil }
      let parts = bytes[index..<end].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      let numbers = parts.map { Int(String(decoding: $0, as: UTF8.self)) }
      guard let least = numbers.first ?? nil, least >= 0, parts.count <= 2 else { return nil }
      if parts.count == 2, numbers[1] == nil, !parts[1].isEmpty { return nil }
      index = end + 1
      return (least, parts.count == 1 ? least : numbers[1])
    }

    /// The members of a class after its `[`; nil if they may be anything.
    mutating func characterClass(_ properties: inout Int) -> ByteSet? {
      var set = ByteSet()
      var isKnown = true
      let isNegated = index < bytes.count && bytes[index] == UInt8(ascii: "^")
      if isNegated { index += 1 }
      let start = index
      while let byte = next() {
        if byte == UInt8(ascii: "]"), index - 1 > start {
          return isKnown ? (isNegated ? set.inverted : set) : nil
        }
        if byte == UInt8(ascii: "["), let end = endOfNamedClass() {
          index = end
          isKnown = false
          continue
        }
        if byte == UInt8(ascii: "\\") {
          // An escaped bracket does not end the class.
          let escaped = next() ?? 0
          if escaped | 0x20 == UInt8(ascii: "p") {
            properties += 1
            skipBraced()
          }
          if !escaped.isIdentifierPart {
            set.insert(escaped)
          } else if "dswnrt".utf8.contains(escaped) {
            set.formUnion(ByteSet.escape(escaped))
          } else {
            isKnown = false
          }
          continue
        }
        if index + 1 < bytes.count, bytes[index] == UInt8(ascii: "-"), bytes[index + 1] != UInt8(ascii: "]"),
          bytes[index + 1] != UInt8(ascii: "\\"), byte < 0x80, bytes[index + 1] < 0x80,
          byte <= bytes[index + 1]
        {
          set.insert(range: byte...bytes[index + 1])
          index += 2
        } else {
          set.insert(byte)
        }
      }
      return nil
    }

    /// The end of `[:name:]`, after its first bracket.
    private func endOfNamedClass() -> Int? {
      guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return nil }
      let rest = bytes[(index + 1)...]
      return zip(rest.indices, rest.indices.dropFirst()).first { here, next in
        bytes[here] == UInt8(ascii: ":") && bytes[next] == UInt8(ascii: "]")
      }.map { $1 + 1 }
    }
  }
}

extension [UInt8] {
  fileprivate func contains(sequence: [UInt8]) -> Bool {
    !sequence.isEmpty && indices.contains { self[$0...].starts(with: sequence) }
  }
}
