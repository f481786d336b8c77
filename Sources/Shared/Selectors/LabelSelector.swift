// SPDX-License-Identifier: Apache-2.0

/// A label selector: a list of requirements. An object matches if it meets all of them.
package struct LabelSelector: Sendable, Equatable, CustomStringConvertible {
  /// The requirements, ordered by key.
  package let requirements: [LabelRequirement]

  package init(_ requirements: [LabelRequirement]) {
    // A stable sort: requirements on one key stay in the order they were written in.
    self.requirements = requirements.enumerated()
      .sorted {
        $0.element.key == $1.element.key
          ? $0.offset < $1.offset : $0.element.key.utf8.lexicographicallyPrecedes($1.element.key.utf8)
      }
      .map(\.element)
  }

  /// Parses a selector in the grammar of `kubectl -l`: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2`.
  ///
  /// - Throws: `SelectorError` with Kubernetes' explanation.
  package init(parsing text: String) throws(SelectorError) {
    var parser = LabelSelectorParser(text)
    self.init(try parser.parse())
  }

  /// Whether every object is selected.
  package var isEmpty: Bool { requirements.isEmpty }

  /// Whether an object with these labels is selected.
  package func matches(_ labels: [String: String]) -> Bool {
    matches { labels[$0] }
  }

  /// Whether an object is selected; `value` gives the value of a label, nil when the object has none.
  package func matches(_ value: (String) -> String?) -> Bool {
    requirements.allSatisfy { $0.matches(value($0.key)) }
  }

  /// The canonical form: ordered by key, values sorted, no spaces around commas.
  package var description: String { requirements.map(\.description).joined(separator: ",") }
}
