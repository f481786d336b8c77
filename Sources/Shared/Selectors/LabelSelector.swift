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

  /// The canonical form: ordered by key, values sorted, no spaces around commas.
  package var description: String { requirements.map(\.description).joined(separator: ",") }
}
