// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Selectors

/// Label selectors: grammar and canonical form.
struct LabelSelectorTests {
  private static func text(_ selector: String) -> String? {
    try? LabelSelector(parsing: selector).description
  }

  @Test(
    arguments: [
      ("", ""), ("x", "x"), ("!x", "!x"), (" x = a ", "x=a"), ("x==a", "x==a"), ("x!=a", "x!=a"),
      ("x=", "x="), ("x=,y", "x=,y"), ("x in (b,a,b)", "x in (a,b)"), ("x notin ()", "x notin ()"),
      ("z,y in (a),x", "x,y in (a),z"), ("x in (a,,,)", "x in (,a)"), ("x in (,)", "x in ()"),
      ("x>1", "x>1"), ("x<-1", nil), ("in in (in,notin)", "in in (in,notin)"), ("notin=in", "notin=in"),
      ("in", "in"), ("x\n in\t(a)", "x in (a)"), ("example.com/a-b", "example.com/a-b"), ("x,!y,", nil),
      ("x,,y", nil), (",x", nil), ("x=a==b", nil), ("x=a||y=b", nil), ("x in a", nil), ("x in (a", nil),
      ("x in (a b)", nil), ("x a", nil), ("!", nil), ("!x=a", nil), ("!!x", nil), ("x!", nil), ("(", nil),
      ("x>a", nil), ("x>", nil), ("x===a", nil), ("x=-a", nil), ("/x", nil), ("a/b/c", nil), ("x=a$", nil),
      ("x notin (a) y", nil), ("-x", nil), ("x = in", "x=in"),
    ] as [(String, String?)])
  func parsesToCanonicalForm(_ selector: String, _ canonical: String?) {
    #expect(LabelSelectorTests.text(selector) == canonical)
  }

  @Test func canonicalFormParsesToItself() throws {
    let selector = try LabelSelector(parsing: "a,b notin (,x),!c,d in (y,x),e==f,g>7,h<8,i!=j")
    #expect(try LabelSelector(parsing: selector.description) == selector)
  }

  @Test func saysWhatIsWrongAsKubernetesDoes() {
    #expect(throws: SelectorError("found 'y', expected: in, notin, =, ==, !=, gt, lt").inRequirement) {
      try LabelSelector(parsing: "x y")
    }
    #expect(throws: SelectorError("found ',', expected: identifier after ','")) {
      try LabelSelector(parsing: "x,,y")
    }
    #expect(throws: SelectorError("found ',', expected: !, identifier, or 'end of string'")) {
      try LabelSelector(parsing: ",x")
    }
    #expect(
      throws: SelectorError(
        "values[0]: Invalid value: \"a\": for 'Gt', 'Lt' operators, the value must be an integer"
      ).inRequirement
    ) { try LabelSelector(parsing: "x>a") }
  }
}

extension SelectorError {
  fileprivate var inRequirement: SelectorError { SelectorError("unable to parse requirement: \(message)") }
}
