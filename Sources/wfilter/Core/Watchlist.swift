// SPDX-License-Identifier: Apache-2.0

/// The expressions and paths of a run that should have a value for at least one line. One that never has a
/// value is usually misspelt.
///
/// Each has a bit in ``Counts/sought`` and ``Counts/found``.
struct Watchlist: Sendable {
  /// The expressions and paths, in the order of their bits.
  enum Item: Sendable, Hashable {
    case expression, emit, failIf, key, dedupe
    /// With selectors: "found" by a line that matches, as others need not have been evaluated.
    case selectiveExpression
    /// A type of events in lower case. It is "found" by a line that is not an event, or that matches.
    case type(String)
    /// A constant of the expression has another kind than the values. It is "found" by a line whose values have
    /// its kind, or that matches.
    case kind
    /// The default key, for this flag or name.
    case defaultKey(String)
    case path(flag: String, String)
  }

  private(set) var items: [Item] = []

  /// The bit of an item, which is added if it is new; 0 if there are too many.
  mutating func bit(_ item: Item) -> UInt64 {
    if let index = items.firstIndex(of: item) { return 1 << UInt64(index) }
    guard items.count < 64 else { return 0 }
    items.append(item)
    return 1 << UInt64(items.count - 1)
  }

  /// The remedy for a label with dots in its name: `metadata.labels.app.kubernetes.io`.
  private static func bracketHint(_ reason: String) -> String {
    guard let match = reason.firstMatch(of: /metadata\.(labels|annotations)\.\w+\.\w+/) else { return "" }
    return "; a name with dots needs brackets: metadata.\(match.1)[\"example.org/name\"]"
  }

  /// One warning for each item in `bits`.
  func warnings(_ bits: UInt64, _ counts: Counts) -> [String] {
    let lines = counts.lines == 1 ? "the only line" : "any of \(counts.lines) lines"
    return items.enumerated().compactMap { index, item in
      guard bits & (1 << UInt64(index)) != 0 else { return nil }
      let reason = counts.reasons[index].map { ": \($0)\(Self.bracketHint($0))" } ?? ""
      switch item {
      case .expression: return "the expression had no value for \(lines)\(reason)"
      case .selectiveExpression:
        let count = counts.errors == 1 ? "one line" : "\(counts.errors) lines"
        return "no line matched, and the expression had no value for \(count)\(reason)"
      case .type(let type):
        return
          "no event has the type \"\(type)\": types are in capital letters, so write \"\(type.uppercased())\""
      case .kind: return "no line matched: \(counts.reasons[index] ?? "")"
      case .emit: return "--emit had no value for \(lines)\(reason)"
      case .failIf: return "--fail-if had no value for \(lines)\(reason)"
      case .key: return "--key had no value for \(lines)\(reason)"
      case .dedupe: return "--dedupe had no value for \(lines)\(reason)"
      case .defaultKey(let flag):
        return
          "\(flag): no line has a key (metadata.uid or metadata.name): give another key with --key"
      case .path(let flag, let path): return "\(flag) \(path): found in no line so far (\(counts.lines) read)"
      }
    }
  }
}
