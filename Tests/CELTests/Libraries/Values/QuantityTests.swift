// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Kubernetes quantities.
struct QuantityTests {
  @Test(
    arguments: [
      ("0", "0"), ("0.0Mi", "0"), ("-0", "0"), ("12Mi", "12Mi"), ("1024Ki", "1Mi"), ("1536Mi", "1536Mi"),
      ("1.5Gi", "1536Mi"), ("0.5Ki", "512"), ("1000", "1k"), ("1000k", "1M"), ("1.5k", "1500"),
      ("0.2G", "200M"), ("100m", "100m"), ("0.1", "100m"), ("1e3", "1e3"), ("12e6", "12e6"), ("1E2", "100"),
      ("1E", "1E"), ("0.001e3", "1"), ("1.", "1"), (".5", "500m"), ("+5", "5"), ("-1.5Gi", "-1536Mi"),
      ("1n", "1n"), ("0.1n", "1n"), ("-0.1n", "-1n"), ("1.0000000001", "1000000001n"), ("0.5Mi", "512Ki"),
      ("9999999Ei", "9223372036854775807"), ("1025Ki", "1025Ki"), ("0.0001Ki", "102400u"), ("1e-3", "1e-3"),
      ("007", "7"), ("1e-2000", "1e-9"), ("123456789012345678901234567890", "123456789012345678901234567890"),
    ])
  func readsToCanonicalText(_ text: String, _ canonical: String) throws {
    #expect(try Quantity(parsing: text).text == canonical)
  }

  @Test(
    arguments: [
      "", "Mi", "10Mo", "10Mm", "1,3G", "200K", "Three", ".", "+", "-", "1 ", " 1", "1.2.3", "1e", "1e+",
      "1ee3", "1kk", "--1", "1e1001", "1e99999999999999999999", "1Mi3", "é",
    ])
  func refuses(_ text: String) {
    #expect(throws: EvaluationError.self) { try Quantity(parsing: text) }
  }

  @Test func comparesExactly() throws {
    let ordered = ["-1Ki", "-1", "-1n", "0", "1n", "999999999n", "1", "1k", "1Ki", "1M", "1Mi", "1e300"]
    let numbers = try ordered.map { try Quantity(parsing: $0).number }
    for (index, number) in numbers.enumerated() {
      for (other, counterpart) in numbers.enumerated() { #expect((number < counterpart) == (index < other)) }
    }
    #expect(try Quantity(parsing: "200M") == Quantity(parsing: "0.2G"))
    #expect(try Quantity(parsing: "1") != Quantity(parsing: "1n"))
  }

  @Test func addsAndSubtractsExactly() throws {
    func number(_ text: String) throws -> DecimalNumber { try Quantity(parsing: text).number }
    #expect(try number("50k") + number("20") == number("50.02k"))
    #expect(try number("50k") - number("100k") == number("-50k"))
    #expect(try number("1n") - number("1") == number("-0.999999999"))
    #expect(try number("5") - number("5") == .zero)
    #expect(try number("999") + number("1") == number("1k"))
    #expect(try (number("1e300") + number("1n")) - number("1e300") == number("1n"))
  }

  @Test func convertsToInt64OnlyWhenExact() throws {
    func int(_ text: String) throws -> Int64? { try Quantity(parsing: text).number.int64 }
    #expect(try int("50k") == 50_000)
    #expect(try int("1.5") == nil)
    #expect(try int("9223372036854775807") == .max)
    #expect(try int("9223372036854775808") == nil)
    #expect(try int("-9223372036854775808") == .min)
    #expect(try int("9999999999999999999999999999999999999G") == nil)
    #expect(try Quantity(parsing: "50.703k").number.double == 50703)
    #expect(try Quantity(parsing: "1e999").number.double == .infinity)
  }
}
