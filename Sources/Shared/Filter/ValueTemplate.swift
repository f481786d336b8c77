// SPDX-License-Identifier: Apache-2.0

import CEL
import JSON

/// How the value of an expression is printed: paths are copied from the line, other parts are evaluated.
///
/// A list or map literal of paths is printed without creating the list, with its numbers as they were
/// written.
indirect enum ValueTemplate: Sendable {
  case path(Int)
  /// JSON text that is the same for every line.
  case text([UInt8])
  case list([ValueTemplate])
  /// Keys are JSON text with the colon.
  case map([(key: [UInt8], value: ValueTemplate)])
  case conditional(Program, ValueTemplate, ValueTemplate)
  case program(Program)

  /// Whether any part has to be evaluated.
  var needsActivation: Bool {
    switch self {
    case .path, .text: false
    case .list(let elements): elements.contains(where: \.needsActivation)
    case .map(let entries): entries.contains(where: \.value.needsActivation)
    case .conditional, .program: true
    }
  }
}

/// Makes templates.
struct ValueTemplateMaker {
  let environment: Environment
  let checked: CheckedExpression
  let pathOfNode: [Int: Int]

  func template(_ expression: Expr) throws(CompileError) -> ValueTemplate {
    if case .select(_, _, true) = expression.kind { return .program(try program(expression)) }
    if let path = pathOfNode[expression.id] { return .path(path) }
    switch expression.kind {
    case .literal(let value):
      var bytes: [UInt8] = []
      do throws(EvaluationError) { try ValueText.append(value, to: &bytes) } catch {
        return .program(try program(expression))
      }
      return .text(bytes)
    case .list(let elements) where !elements.contains(where: \.isOptional):
      var templates: [ValueTemplate] = []
      for element in elements { templates.append(try template(element.value)) }
      return .list(templates)
    case .map(let entries):
      guard let keys = textKeys(entries) else { return .program(try program(expression)) }
      var templates: [(key: [UInt8], value: ValueTemplate)] = []
      for (key, entry) in zip(keys, entries) { templates.append((key, try template(entry.value))) }
      return .map(templates)
    case .call(nil, "_?_:_", let operands) where operands.count == 3:
      return .conditional(try program(operands[0]), try template(operands[1]), try template(operands[2]))
    default: return .program(try program(expression))
    }
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
