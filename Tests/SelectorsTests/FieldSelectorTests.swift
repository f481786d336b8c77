// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Selectors

/// Field selectors: grammar and escapes.
struct FieldSelectorTests {
  @Test(
    arguments: [
      ("", ""), ("b=c,a==d", "a=d,b=c"), ("a!=b", "a!=b"), ("a=", "a="), ("=b", "=b"), ("!=", ""),
      ("==,a=b", "a=b"), (",,a=b,", "a=b"),
      ("a=b\\,c\\=d\\\\", "a=b\\,c\\=d\\\\"), ("a=b c", "a=b c"), ("a", nil), ("a=b=c", nil),
      ("a==b==c", nil),
      ("a=\\b", nil), ("a=b\\", nil), ("x in (a)", nil), ("x=a||y=b", nil), ("a!b=c", "a!b=c"),
      ("함=수,목=록", "목=록,함=수"),
    ] as [(String, String?)])
  func parsesToCanonicalForm(_ selector: String, _ canonical: String?) {
    #expect((try? FieldSelector(parsing: selector))?.description == canonical)
  }

  @Test func escapingIsUndoneByUnescaping() throws {
    for value in ["", "a", "\\", ",", "=", "a\\,b==c,\\", "é,\u{1F600}"] {
      #expect(try FieldSelector.unescaped(FieldSelector.escaped(value)) == value)
    }
  }

  @Test func splitsAtUnescapedCommasOnly() {
    #expect(FieldSelector.terms(of: "") == [])
    #expect(FieldSelector.terms(of: "a=a,") == ["a=a", ""])
    #expect(FieldSelector.terms(of: "k=\\,,k2=v2") == ["k=\\,", "k2=v2"])
    #expect(FieldSelector.terms(of: "k=\\\\,k2=v2") == ["k=\\\\", "k2=v2"])
  }

  @Test func pathsDropEmptyParts() {
    #expect(
      FieldRequirement(field: ".spec.nodeName", operator: .equals, value: "").path == ["spec", "nodeName"])
  }

  @Test func saysWhatIsWrongAsKubernetesDoes() {
    #expect(throws: SelectorError("invalid selector: 'a=b,x'; can't understand 'x'")) {
      try FieldSelector(parsing: "a=b,x")
    }
    #expect(throws: SelectorError("invalid field selector: unescaped character in value: =")) {
      try FieldSelector(parsing: "a=b=c")
    }
    #expect(throws: SelectorError("invalid field selector: invalid escape sequence: \\b")) {
      try FieldSelector(parsing: "a=\\b")
    }
  }
}
