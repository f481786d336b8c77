// SPDX-License-Identifier: Apache-2.0

import CEL
import JSON

/// How the value of an expression is printed: paths are copied from the line, other parts are evaluated.
///
/// A list or map literal of paths is printed without creating the list, with its numbers as they were
/// written. It is one sequence of steps, however deep it nests.
struct ValueTemplate: Sendable {
  enum Step: Sendable {
    case path(Int)
    /// JSON text that is the same for every line: a range of ``text``.
    case text(start: Int, end: Int)
    /// The index of a part.
    case part(Int)
  }

  indirect enum Part: Sendable {
    case program(Program)
    case conditional(Program, ValueTemplate, ValueTemplate)
  }

  private(set) var steps: [Step] = []
  private(set) var text: [UInt8] = []
  private(set) var parts: [Part] = []
  /// Whether it is a list or map literal, not a single value.
  private(set) var isLiteral = false

  /// Whether any part has to be evaluated.
  var needsActivation: Bool { !parts.isEmpty }

  /// The path, if the expression is only a path.
  var path: Int? {
    guard steps.count == 1, !isLiteral, case .path(let path) = steps[0] else { return nil }
    return path
  }

  init(path: Int) { steps = [.path(path)] }

  init(_ part: Part) {
    steps = [.part(0)]
    parts = [part]
  }

  init(text: [UInt8]) {
    steps = [.text(start: 0, end: text.count)]
    self.text = text
  }

  /// A list or map literal in these brackets. `key` is printed before an element.
  init(_ elements: [(key: [UInt8], value: ValueTemplate)], in brackets: (UInt8, UInt8)) {
    append([brackets.0])
    for (index, element) in elements.enumerated() {
      append((index > 0 ? [UInt8(ascii: ",")] : []) + element.key)
      append(element.value)
    }
    append([brackets.1])
    isLiteral = true
  }

  private mutating func append(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    let start = text.count
    text += bytes
    if case .text(let first, start)? = steps.last {
      steps[steps.count - 1] = .text(start: first, end: text.count)
    } else {
      steps.append(.text(start: start, end: text.count))
    }
  }

  private mutating func append(_ element: ValueTemplate) {
    for step in element.steps {
      switch step {
      case .path: steps.append(step)
      case .text(let start, let end): append(Array(element.text[start..<end]))
      case .part(let index):
        steps.append(.part(parts.count))
        parts.append(element.parts[index])
      }
    }
  }
}

/// Makes templates.
struct ValueTemplateMaker {
  let environment: Environment
  let checked: CheckedExpression
  let pathOfNode: [Int: Int]

  func template(_ expression: Expr) throws(CompileError) -> ValueTemplate {
    if case .select(_, _, true) = expression.kind { return try part(expression) }
    if let path = pathOfNode[expression.id] { return ValueTemplate(path: path) }
    switch expression.kind {
    case .literal(let value):
      var bytes: [UInt8] = []
      do throws(EvaluationError) { try ValueText.append(value, to: &bytes) } catch {
        return try part(expression)
      }
      return ValueTemplate(text: bytes)
    case .list(let elements) where !elements.contains(where: \.isOptional):
      var parts: [(key: [UInt8], value: ValueTemplate)] = []
      for element in elements { parts.append(([], try template(element.value))) }
      return ValueTemplate(parts, in: (UInt8(ascii: "["), UInt8(ascii: "]")))
    case .map(let entries):
      guard let keys = textKeys(entries) else { return try part(expression) }
      var parts: [(key: [UInt8], value: ValueTemplate)] = []
      for (key, entry) in zip(keys, entries) { parts.append((key, try template(entry.value))) }
      return ValueTemplate(parts, in: (UInt8(ascii: "{"), UInt8(ascii: "}")))
    case .call(nil, "_?_:_", let operands) where operands.count == 3:
      return ValueTemplate(
        .conditional(try program(operands[0]), try template(operands[1]), try template(operands[2])))
    default: return try part(expression)
    }
  }

  private func part(_ expression: Expr) throws(CompileError) -> ValueTemplate {
    ValueTemplate(.program(try program(expression)))
  }

  /// The keys of a map literal, where they are different strings.
  private func textKeys(_ entries: [Expr.Entry]) -> [[UInt8]]? {
    var seen: Set<String> = []
    var keys: [[UInt8]] = []
    for entry in entries {
      guard !entry.isOptional, case .literal(.string(let key)) = entry.key.kind, seen.insert(key).inserted
      else {
        return nil
      }
      var bytes: [UInt8] = []
      JSONText.append(string: key.utf8, to: &bytes)
      keys.append(bytes + [UInt8(ascii: ":")])
    }
    return keys
  }

  private func program(_ expression: Expr) throws(CompileError) -> Program {
    let pathOfNode = pathOfNode
    return try environment.plan(checked.part(expression)) { pathOfNode[$0.id].map(Scope.slot(path:)) }
  }
}
