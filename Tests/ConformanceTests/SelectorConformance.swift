// SPDX-License-Identifier: Apache-2.0

@testable import Selectors

/// Runs a row about field or label selectors.
enum SelectorConformance {
  /// A parsed selector of either kind.
  private struct Parsed {
    var text: String
    var matches: ([String: String]) -> Bool
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
      let matches = parsed.matches(labels)
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
    // Rows about sets that name no form to print and are said not to parse come from Go cases of two sorts:
    // selectors that are wrong, and selectors that parse, but to something else than their row says. Both differ
    // from a parsed selector that is empty.
    if row.fields["requirements"] != nil, !row.flag("same") {
      return parsed?.text.isEmpty ?? false ? .failed("selects everything: \(selector)") : .passed
    }
    return parsed == nil ? .passed : .failed("parses, should not: \(selector)")
  }

  private static func parse(_ selector: String, kind: String) -> Parsed? {
    if kind == "fields" {
      return (try? FieldSelector(parsing: selector)).map { selector in
        Parsed(text: selector.description) { selector.matches($0) }
      }
    }
    return (try? LabelSelector(parsing: selector)).map { selector in
      Parsed(text: selector.description) { selector.matches($0) }
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
