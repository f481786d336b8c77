// SPDX-License-Identifier: Apache-2.0

/// Parses label selectors by Kubernetes' grammar, with its messages.
///
/// `in` and `notin` are operators only where an operator is due; anywhere else they are keys and values.
struct LabelSelectorParser {
  private var items: [LabelSelectorLexer.Item] = []
  private var position = 0

  init(_ text: String) {
    var lexer = LabelSelectorLexer(text)
    while true {
      let item = lexer.next()
      items.append(item)
      if item.token == .end { break }
    }
  }

  mutating func parse() throws(SelectorError) -> [LabelRequirement] {
    var requirements: [LabelRequirement] = []
    while true {
      let item = peek()
      switch item.token {
      case .end: return requirements
      case .identifier, .not:
        do {
          requirements.append(try requirement())
        } catch {
          throw SelectorError("unable to parse requirement: \(error.message)")
        }
        let following = take()
        switch following.token {
        case .end: return requirements
        case .comma:
          let next = peek()
          guard next.token == .identifier || next.token == .not else {
            throw SelectorError("found '\(next.text)', expected: identifier after ','")
          }
        default: throw SelectorError("found '\(following.text)', expected: ',' or 'end of string'")
        }
      default: throw SelectorError("found '\(item.text)', expected: !, identifier, or 'end of string'")
      }
    }
  }

  private mutating func requirement() throws(SelectorError) -> LabelRequirement {
    var key = take()
    let isNegated = key.token == .not
    if isNegated { key = take() }
    guard key.token == .identifier else {
      throw SelectorError("found '\(key.text)', expected: identifier")
    }
    if isNegated { return try LabelRequirement(key: key.text, operator: .doesNotExist, values: []) }
    let following = peek().token
    if following == .end || following == .comma {
      return try LabelRequirement(key: key.text, operator: .exists, values: [])
    }
    let `operator` = try operation()
    switch `operator` {
    case .in, .notIn:
      return try LabelRequirement(key: key.text, operator: `operator`, values: try valueSet())
    default:
      return try LabelRequirement(key: key.text, operator: `operator`, values: [try exactValue()])
    }
  }

  private mutating func operation() throws(SelectorError) -> LabelRequirement.Operator {
    let item = items[min(position, items.count - 1)]
    position += 1
    switch item.token {
    case .in: return .in
    case .notIn: return .notIn
    case .equals: return .equals
    case .doubleEquals: return .doubleEquals
    case .notEquals: return .notEquals
    case .greaterThan: return .greaterThan
    case .lessThan: return .lessThan
    default: throw SelectorError("found '\(item.text)', expected: in, notin, =, ==, !=, gt, lt")
    }
  }

  /// In `(a,b,,c)` the empty element is the empty value.
  private mutating func valueSet() throws(SelectorError) -> [String] {
    let open = take()
    guard open.token == .open else { throw SelectorError("found '\(open.text)' expected: '('") }
    var values: [String] = []
    switch peek().token {
    case .close:
      _ = take()
      return [""]
    case .identifier, .comma: break
    default: throw SelectorError("found '\(peek().text)', expected: ',', ')' or identifier")
    }
    while true {
      let item = take()
      switch item.token {
      case .identifier:
        values.append(item.text)
        let next = peek()
        guard next.token == .comma || next.token == .close else {
          throw SelectorError("found '\(next.text)', expected: ',' or ')'")
        }
      case .comma:
        let next = peek().token
        if values.isEmpty || next == .close || next == .comma { values.append("") }
      case .close: return values
      default: throw SelectorError("found '\(item.text)', expected: ',', or identifier")
      }
    }
  }

  /// A value after `=`; nothing there is the empty value.
  private mutating func exactValue() throws(SelectorError) -> String {
    let next = peek()
    if next.token == .end || next.token == .comma { return "" }
    let item = take()
    guard item.token == .identifier else {
      throw SelectorError("found '\(item.text)', expected: identifier")
    }
    return item.text
  }

  /// The next token at the position of a key or value. The end token repeats.
  private func peek() -> LabelSelectorLexer.Item {
    var item = items[min(position, items.count - 1)]
    if item.token == .in || item.token == .notIn { item.token = .identifier }
    return item
  }

  private mutating func take() -> LabelSelectorLexer.Item {
    let item = peek()
    position += 1
    return item
  }
}
