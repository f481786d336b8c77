// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON

@testable import Filter
@testable import Selectors

/// Runs a row about field or label selectors.
enum SelectorConformance {
  /// A parsed selector of either kind.
  private struct Parsed {
    var text: String
    var options: FilterOptions
    /// The path to the value for a key of a row's set.
    var path: (String) -> [String]

    /// Whether an object with these labels, or these fields, matches.
    func matches(_ set: [String: String]) throws -> Bool {
      var object: [String: Any] = [:]
      for (key, value) in set { Self.insert(value, at: path(key)[...], into: &object) }
      let text = try JSONSerialization.data(withJSONObject: object)
      let bytes = Array(text) + [UInt8](repeating: 0, count: JSONCursor.padding)
      let evaluator = LineEvaluator(try LineFilter(options))
      return unsafe bytes.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return false }
        return unsafe evaluator.test(RawJSON(line: base, count: text.count)) == .match
      }
    }

    private static func insert(_ value: String, at path: ArraySlice<String>, into object: inout [String: Any])
    {
      guard let key = path.first else { return }
      guard path.count > 1 else { return object[key] = value }
      var inner = object[key] as? [String: Any] ?? [:]
      insert(value, at: path.dropFirst(), into: &inner)
      object[key] = inner
    }
  }

  static func run(_ row: ConformanceRow) -> ConformanceOutcome {
    if row.fields["term"] != nil { return splitTerm(row) }
    if row.fields["escaped"] != nil { return escape(row) }
    guard let selector = row.text("selector") else { return .failed("no selector") }
    if let terms = row.fields["terms"] as? [String] {
      let found = FieldSelector.terms(of: selector)
      return found == terms ? .passed : .failed("splits into \(found), should into \(terms)")
    }
    let parsed = parse(selector, kind: row.text("kind") ?? "")
    if let labels = row.fields["set"] as? [String: String] {
      guard let parsed else { return .failed("does not parse: \(selector)") }
      guard let matches = try? parsed.matches(labels) else { return .failed("is refused: \(selector)") }
      return matches == row.flag("match") ? .passed : .failed("\(selector) matches \(labels): \(matches)")
    }
    return parses(row, selector, parsed)
  }

  private static func parses(_ row: ConformanceRow, _ selector: String, _ parsed: Parsed?)
    -> ConformanceOutcome
  {
    if row.flag("parses") {
      guard let parsed else { return .failed("does not parse: \(selector)") }
      let again = parse(parsed.text, kind: row.text("kind") ?? "")
      return again?.text == parsed.text ? .passed : .failed("\(parsed.text) does not parse to itself")
    }
    // Some rows about sets have no printed form, and expect that parsing fails. They come from two kinds of
    // Go cases: invalid selectors, and selectors that parse, but to another result than the row's. In both
    // cases the result is not an empty selector.
    if row.fields["requirements"] != nil, !row.flag("same") {
      return parsed?.text.isEmpty ?? false ? .failed("selects everything: \(selector)") : .passed
    }
    return parsed == nil ? .passed : .failed("parses, should not: \(selector)")
  }

  private static func parse(_ selector: String, kind: String) -> Parsed? {
    if kind == "fields" {
      return (try? FieldSelector(parsing: selector)).map { parsed in
        Parsed(text: parsed.description, options: FilterOptions(fieldSelector: selector)) {
          FieldRequirement(field: $0, operator: .equals, value: "").path
        }
      }
    }
    return (try? LabelSelector(parsing: selector)).map { parsed in
      Parsed(text: parsed.description, options: FilterOptions(labelSelector: selector)) {
        ["metadata", "labels", $0]
      }
    }
  }

  private static func splitTerm(_ row: ConformanceRow) -> ConformanceOutcome {
    let parts = FieldSelector.parts(of: row.text("term") ?? "")
    let matches =
      (parts != nil) == row.flag("ok")
      && (parts?.field ?? "", parts?.operator ?? "", parts?.value ?? "")
        == (row.text("lhs") ?? "", row.text("op") ?? "", row.text("rhs") ?? "")
    return matches ? .passed : .failed("splits into \(parts.map { "\($0)" } ?? "nothing")")
  }

  private static func escape(_ row: ConformanceRow) -> ConformanceOutcome {
    let escaped = row.text("escaped") ?? ""
    let unescaped = try? FieldSelector.unescaped(escaped)
    if row.flag("invalid") {
      return unescaped == nil ? .passed : .failed("unescapes, should not: \(escaped)")
    }
    let plain = row.text("unescaped") ?? ""
    return unescaped == plain && FieldSelector.escaped(plain) == escaped
      ? .passed : .failed("\(plain) and \(escaped) are not each other's escapes")
  }
}
