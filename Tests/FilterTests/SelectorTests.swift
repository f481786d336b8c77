// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Filter

/// Selectors have the meaning that they have in Kubernetes.
@Suite struct SelectorTests {
  private func matches(_ options: FilterOptions, _ line: String) throws -> Bool {
    PaddedLine(line).test(LineEvaluator(try LineFilter(options))) == .match
  }

  @Test(
    arguments: [
      ("", true), ("a=1", true), ("a==1", true), ("a=2", false), ("a!=2", true), ("a!=1", false),
      ("missing=", false), ("missing!=1", true), ("missing notin (1)", true), ("missing in (1)", false),
      ("!missing", true), ("missing", false), ("a in (0,1)", true), ("a notin (0,1)", false), ("!a", false),
      ("a>0", true), ("a>1", false), ("a<2", true), ("missing>0", false), ("missing<0", false),
      ("word>0", false), ("empty=", true), ("empty", true), ("empty in ()", true), ("a,empty,word=x", true),
      ("a,empty,word=y", false), ("big<9223372036854775807", false), ("big>9223372036854775806", true),
    ])
  func labelsMatch(_ selector: String, _ expected: Bool) throws {
    let line =
      #"{"metadata":{"labels":{"a":"1","empty":"","word":"x","big":"9223372036854775807"}}}"#
    #expect(try matches(FilterOptions(labelSelector: selector), line) == expected)
  }

  @Test(
    arguments: [
      ("", true), ("metadata.name=a", true), ("metadata.name==a", true), ("metadata.name==b", false),
      ("metadata.name!=a", false), ("metadata.name!=b", true),
      ("spec.missing=", true), ("spec.missing!=", false), ("spec.missing!=x", true),
      ("metadata.name=a,spec.x=1", true), ("metadata.name=a,spec.x=2", false),
    ])
  func aMissingFieldIsEmpty(_ selector: String, _ expected: Bool) throws {
    let line = #"{"metadata":{"name":"a"},"spec":{"x":1}}"#
    #expect(try matches(FilterOptions(fieldSelector: selector), line) == expected)
  }

  /// é as one code point and as two: Swift's == calls them equal.
  @Test func comparesBytesNotCompositions() throws {
    let line = "{\"a\":\"e\u{301}\"}"
    #expect(try matches(FilterOptions(fieldSelector: "a=e\u{301}"), line))
    #expect(try !matches(FilterOptions(fieldSelector: "a=\u{E9}"), line))
  }
}
