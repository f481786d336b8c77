// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Kubernetes' named formats.
struct NamedFormatTests {
  private func isValid(_ format: String, _ text: String) -> Bool? {
    NamedFormat.named(format).map { $0.problems(text).isEmpty }
  }

  @Test(
    arguments: [
      ("dns1123Label", "a-1", true), ("dns1123Label", "a.b", false), ("dns1123Label", "-a", false),
      ("dns1123Label", "", false), ("dns1123Label", "A", false), ("dns1123Subdomain", "a.b-c.1", true),
      ("dns1123Subdomain", "a..b", false), ("dns1123Subdomain", "a.-b", false), ("dns1035Label", "1a", false),
      ("dns1035Label", "a1", true), ("qualifiedName", "example.com/My_Name.x", true),
      ("qualifiedName", "/a", false),
      ("qualifiedName", "a/", false), ("qualifiedName", "a/b/c", false), ("qualifiedName", "A.b/c", false),
      ("labelValue", "", true), ("labelValue", "a_", false), ("labelValue", "1.2_3-x", true),
      ("dns1123LabelPrefix", "a-", true), ("dns1123LabelPrefix", "-", false),
      ("dns1035LabelPrefix", "1-", true),
      ("uri", "/a", true), ("uri", "a", false), ("uuid", "123e4567e89b12d3a456426614174000", true),
      ("uuid", "123E4567-e89b-12d3-a456-426614174000", true),
      ("uuid", "123e4567-e89b-12d3-a456-42661417400", false),
      ("uuid", "{123e4567-e89b-12d3-a456-426614174000}", false), ("byte", "aGVsbG8=", true),
      ("byte", "", false),
      ("byte", "aGVsbG8", false), ("byte", "a===", false), ("byte", "aa==aa==", false),
      ("byte", "aGVsbG-=", false),
      ("date", "2024-02-29", true), ("date", "2023-02-29", false), ("date", "2023-1-1", false),
      ("date", "2023-01-00", false), ("datetime", "2021-01-01T00:00:00Z", true),
      ("datetime", "2021-01-01t23:59:59.5z", true), ("datetime", "2021-01-01T24:00:00Z", false),
      ("datetime", "2021-01-01T00:00:00", false), ("datetime", "2021-01-01 00:00:00Z", false),
      ("datetime", "2021-01-01T00:00:00+01:00", true), ("datetime", "2021-01-01T00:00:00+0100", false),
    ])
  func judges(_ format: String, _ text: String, _ expected: Bool) {
    #expect(isValid(format, text) == expected)
  }

  @Test func limitsLengths() {
    #expect(isValid("dns1123Label", String(repeating: "a", count: 63)) == true)
    #expect(isValid("dns1123Label", String(repeating: "a", count: 64)) == false)
    #expect(isValid("labelValue", String(repeating: "a", count: 64)) == false)
    #expect(isValid("qualifiedName", String(repeating: "a", count: 64)) == false)
    #expect(isValid("dns1123Subdomain", String(repeating: "a", count: 254)) == false)
  }

  @Test func reportsMisplacedDots() {
    #expect(NamedFormat.named("dns1123Label")?.problems("a.b") == ["must not contain dots"])
    #expect(NamedFormat.named("nothing") == nil)
  }
}
