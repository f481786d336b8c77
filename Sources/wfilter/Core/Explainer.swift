// SPDX-License-Identifier: Apache-2.0

import Filter
import JSON

/// `--explain`: reports which clause dropped a line. Not thread-safe.
final class Explainer {
  private let clauses: [(text: String, evaluator: LineEvaluator)]

  /// Compiles each clause on its own, or the whole expression if its source cannot be split into clauses.
  init(_ filter: LineFilter) {
    let options = filter.options
    var parts: [(String, FilterOptions)] = []
    if let expression = options.expression {
      let texts = filter.clauses.prefix { !$0.text.hasPrefix("-") }.map(\.text)
      let separate = texts.map { FilterOptions(expression: $0, costLimit: options.costLimit) }
      if separate.allSatisfy({ (try? LineFilter($0, scope: filter.scope)) != nil }) {
        parts += zip(texts, separate)
      } else {
        parts.append((expression, FilterOptions(expression: expression, costLimit: options.costLimit)))
      }
    }
    if let selector = options.fieldSelector {
      parts.append(("--field-selector \(selector)", FilterOptions(fieldSelector: selector)))
    }
    if let selector = options.labelSelector {
      parts.append(("-l \(selector)", FilterOptions(labelSelector: selector)))
    }
    if !options.types.isEmpty {
      parts.append(("--type \(options.types.joined(separator: ","))", FilterOptions(types: options.types)))
    }
    clauses = parts.compactMap { text, options in
      (try? LineFilter(options, scope: filter.scope)).map { (text, LineEvaluator($0)) }
    }
  }

  /// The first clause that is false for a line, with the values of its parts.
  func explain(_ line: RawJSON, context: LineContext = LineContext()) -> String {
    for (text, evaluator) in clauses {
      switch evaluator.test(line, context: context) {
      case .match: continue
      case .noMatch: return "false: \(text)"
      case .malformed: return "not JSON"
      case .error: return "error: \(text): \(evaluator.reason(line, context: context))"
      }
    }
    return "dropped by -v: all clauses hold"
  }
}
