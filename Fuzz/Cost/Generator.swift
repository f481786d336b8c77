// SPDX-License-Identifier: Apache-2.0

/// Puts expressions together, most of them from the calls of one library.
struct Generator {
  let library: String
  var random: Random

  private static let byKind = Dictionary(grouping: Grammar.calls, by: \.kind)
  private let own: [Grammar.Kind: [Grammar.Call]]

  init(library: String, random: Random) {
    self.library = library
    self.random = random
    own = Dictionary(grouping: Grammar.calls.filter { $0.library == library }, by: \.kind)
  }

  /// A loop around a call of the library: a single call is seldom long.
  mutating func loop() -> String {
    let count = random.pick(["100000", "1000000"])
    let kinds = Grammar.Kind.allCases.filter { own[$0] != nil }
    let kind = random.pick(kinds)
    let body = filled(random.pick(own[kind] ?? Grammar.calls).template, depth: 3)
    switch random.below(8) {
    case 0: return "lists.range(\(count)).all(i, dyn(\(body)) != ['none'])"
    case 1: return "lists.range(\(count)).exists(i, dyn(\(body)) == ['none'])"
    case 2: return "lists.range(\(count)).map(i, \(body)).size()"
    case 3: return "lists.range(\(count)).map(i, \(body))"
    case 4: return "lists.range(\(count)).transformMap(i, v, \(body))"
    case 5: return "cel.bind(t, \(value(.text, 2)), lists.range(\(count)).map(i, \(body)).size())"
    case 6: return "cel.bind(l, \(value(.list, 2)), lists.range(\(count)).all(i, dyn(\(body)) != l))"
    default: return body
    }
  }

  /// An expression with a few of its numbers and names exchanged.
  mutating func mutated(_ expression: String) -> String {
    var parts: [Substring] = []
    var rest = expression[...]
    while let first = rest.first {
      let isWord = first.isLetter || first.isNumber
      let part = isWord ? rest.prefix { $0.isLetter || $0.isNumber } : rest.prefix(1)
      parts.append(part)
      rest = rest.dropFirst(part.count)
    }
    for _ in 0...random.below(3) {
      let index = random.below(parts.count)
      switch parts[index] {
      case let part where part.first?.isNumber ?? false:
        parts[index] = Substring(
          random.pick(["0", "1", "3", "20", "100", "300", "1000", "30000", "1000000"]))
      case "i", "n": parts[index] = Substring(value(.number, 1))
      case "s", "t", "e": parts[index] = Substring(value(.text, 2))
      case "x", "l", "o": parts[index] = Substring(random.pick(["x", "x.a", "x.c", value(.list, 1)]))
      default: break
      }
    }
    return parts.joined()
  }

  private mutating func value(_ kind: Grammar.Kind, _ depth: Int) -> String {
    guard depth > 0, random.below(5) > 0 else { return random.pick(Grammar.leaves[kind] ?? ["n"]) }
    let calls = random.below(2) == 0 ? own[kind] : nil
    return filled(random.pick(calls ?? Self.byKind[kind] ?? Grammar.calls).template, depth: depth)
  }

  private mutating func filled(_ template: String, depth: Int) -> String {
    var result = ""
    var rest = template[...]
    while let place = rest.firstIndex(of: "$") {
      result += rest[..<place]
      rest = rest[place...].dropFirst()
      // A `$` that is no place is a pattern's own.
      switch rest.first {
      case "p": result += random.pick(Grammar.patterns)
      case "v": result += value(random.pick(Grammar.Kind.allCases), depth - 1)
      case let letter?:
        guard let kind = Grammar.Kind(rawValue: letter) else {
          result += "$"
          continue
        }
        result += value(kind, depth - 1)
      case nil: result += "$"
      }
      rest = rest.dropFirst()
    }
    return result + rest
  }
}
