// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Semantic versions.
struct SemanticVersionTests {
  @Test(arguments: [
    "1.2.3", "0.0.0", "1.2.3-beta.1+build.1", "1.2.3-0", "1.2.3--", "1.2.3+001", "1.2.3-a.b-c",
  ])
  func accepts(_ text: String) throws {
    _ = try SemanticVersion(parsing: text)
  }

  @Test(
    arguments: [
      "", "1", "1.2", "v1.2.3", "1.2.3.4", " 1.0.0", "1. 0.0", "1.0.0 ", "01.1.1", "1.01.1", "1.1.01",
      "1.2.3-01",
      "1.2.3-", "1.2.3+", "1.2.3-a..b", "1.2.3-é", "..", "1..3", "18446744073709551616.0.0", "-1.0.0",
      "1.2.3-a_b",
    ])
  func refuses(_ text: String) {
    #expect(throws: EvaluationError.self) { try SemanticVersion(parsing: text) }
  }

  @Test(
    arguments: [
      ("v1.0.0", "1.0.0"), ("1", "1.0.0"), ("v01.01", "1.1.0"), ("01.01.01", "1.1.1"), ("000.0.0", "0.0.0"),
      ("1.2.03-a", "1.2.3-a"), ("v1.2.3+x", "1.2.3"),
    ])
  func normalises(_ text: String, _ plain: String) throws {
    #expect(try SemanticVersion(parsing: text, normalising: true) == SemanticVersion(parsing: plain))
  }

  @Test(arguments: ["", "1-a", "1.2+b", "vv1", "v", "V1", " 1", "1.2.3.4", "a"])
  func refusesEvenNormalising(_ text: String) {
    #expect(throws: EvaluationError.self) { try SemanticVersion(parsing: text, normalising: true) }
  }

  @Test func ordersByPrecedence() throws {
    // The order of semver.org's section 11.
    let ordered = [
      "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
      "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0", "10.0.0",
    ]
    let versions = try ordered.map { try SemanticVersion(parsing: $0) }
    for (index, version) in versions.enumerated() {
      for (other, counterpart) in versions.enumerated() {
        #expect(version.compare(counterpart) == (index - other).signum())
      }
    }
    #expect(try SemanticVersion(parsing: "1.0.0+a") == SemanticVersion(parsing: "1.0.0+b"))
  }
}
