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
  mutating func loop() -> Tree {
    let kinds = Grammar.Kind.allCases.filter { own[$0] != nil }
    let body = filled(random.pick(own[random.pick(kinds)] ?? Grammar.calls), depth: 3)
    let (texts, operands) = parsed(random.pick(Grammar.loops), depth: 3, body: body)
    return Tree(.any, texts: texts, operands: operands)
  }

  /// An expression with a few of its parts exchanged for new ones or for parts of `other`.
  mutating func mutated(_ tree: Tree, with other: Tree) -> Tree {
    var result = tree
    for _ in 0...random.below(3) {
      let index = random.below(result.count)
      let kind = result[index].kind
      switch random.below(6) {
      case 0:
        let donor = other[random.below(other.count)]
        if donor.kind == kind { result[index] = donor }
      case 1:
        // A part takes the place of what encloses it.
        let part = result[index]
        let inner = part[random.below(part.count)]
        if inner.kind == kind { result[index] = inner }
      case 2 where kind != .any: result[index] = Tree(kind, leaf: random.pick(Grammar.leaves[kind] ?? ["n"]))
      default: if kind != .any { result[index] = value(kind, 1 + random.below(3)) }
      }
    }
    return result
  }

  private mutating func value(_ kind: Grammar.Kind, _ depth: Int) -> Tree {
    guard depth > 0, random.below(5) > 0 else {
      return Tree(kind, leaf: random.pick(Grammar.leaves[kind] ?? ["n"]))
    }
    let calls = random.below(2) == 0 ? own[kind] : nil
    return filled(random.pick(calls ?? Self.byKind[kind] ?? Grammar.calls), depth: depth)
  }

  private mutating func filled(_ call: Grammar.Call, depth: Int) -> Tree {
    let (texts, operands) = parsed(call.template, depth: depth)
    return Tree(call.kind, texts: texts, operands: operands)
  }

  /// The parts of a template; `$@` is `body`.
  private mutating func parsed(
    _ template: String, depth: Int, body: Tree? = nil
  ) -> (texts: [String], operands: [Tree]) {
    var texts = [""]
    var operands: [Tree] = []
    var rest = template[...]
    while let place = rest.firstIndex(of: "$") {
      texts[texts.count - 1] += rest[..<place]
      rest = rest[place...].dropFirst()
      let operand: Tree
      switch rest.first {
      case "@": operand = body ?? value(.number, 0)
      case "v": operand = value(random.pick(Grammar.valueKinds), depth - 1)
      case let letter?:
        guard let kind = Grammar.Kind(rawValue: letter) else {
          // A `$` that is no place is a pattern's own.
          texts[texts.count - 1] += "$"
          continue
        }
        operand =
          kind == .pattern || kind == .count
          ? Tree(kind, leaf: random.pick(Grammar.leaves[kind] ?? ["1"])) : value(kind, depth - 1)
      case nil:
        texts[texts.count - 1] += "$"
        continue
      }
      operands.append(operand)
      texts.append("")
      rest = rest.dropFirst()
    }
    texts[texts.count - 1] += rest
    return (texts, operands)
  }
}
