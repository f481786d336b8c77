// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// `string.format`, and doubles as text.
struct StringFormatTests {
  private static func format(_ text: String, _ arguments: ListValue) throws -> String {
    var meter = Meter(100_000_000)
    return try StringFormat.format(text, arguments, .celGo, &meter)
  }

  private static let list = Value.list(ListValue([.int(1), .string("a"), .null]))
  private static let map = Value.map(MapValue([(.string("b"), .bool(true)), (.int(1), .uint(2))]))

  struct Case: Sendable, CustomTestStringConvertible {
    var format: String
    var arguments: [Value]
    var expected: String?
    var testDescription: String { format }

    init(_ format: String, _ arguments: [Value], _ expected: String?) {
      self.format = format
      self.arguments = arguments
      self.expected = expected
    }
  }

  @Test(
    arguments: [
      Case("", [], ""), Case("%%", [], "%"), Case("100%% %s", [.string("é")], "100% é"),
      Case("%d|%d|%d", [.int(-5), .uint(.max), .double(1.5)], "-5|18446744073709551615|1.5"),
      Case("%s", [list], "[1, a, null]"), Case("%s", [map], "{1: 2, b: true}"),
      Case("%s", [.double(1e21)], "1000000000000000000000"), Case("%s", [.double(-0.0)], "-0"),
      Case("%s", [.double(.leastNonzeroMagnitude)], "0." + String(repeating: "0", count: 323) + "5"),
      Case("%.3f", [.double(1.2345)], "1.234"), Case("%.0f|%.0f", [.double(0.5), .double(1.5)], "0|2"),
      Case("%.1f", [.int(.max)], "9223372036854775808.0"), Case("%e", [.double(0)], "0.000000e+00"),
      Case("%.2e", [.double(-12345)], "-1.23e+04"), Case("%f", [.double(.nan)], "NaN"),
      Case("%x|%X", [.int(-255), .string("Hi")], "-ff|4869"), Case("%x", [.bytes([0, 255])], "00ff"),
      Case(
        "%b|%b|%o", [.bool(true), .int(.min), .uint(8)], "1|-1" + String(repeating: "0", count: 63) + "|10"),
      Case("%s", [.bytes([0x61])], "a"), Case("%s", [.type(.int)], "int"),
      Case("%s", [.duration(DurationValue(nanoseconds: 1_500_000_000))], "1.5s"),
      Case("%.100f", [.double(1)], "1." + String(repeating: "0", count: 100)),
      Case("%", [.int(1)], nil), Case("%d", [], nil), Case("%d", [.int(1), .int(2)], nil),
      Case("%d", [.null], nil),
      Case("%y", [.int(1)], nil), Case("%é", [.int(1)], nil), Case("%.f", [.double(1)], nil),
      Case("%.101f", [.double(1)], nil), Case("%.3", [.double(1)], nil),
      Case("%.99999999999999999999f", [.int(1)], nil),
      Case("%E", [.double(1)], nil), Case("%x", [.double(1)], nil), Case("%b", [.string("a")], nil),
      Case("%s", [.optional(nil)], nil), Case("%-5d", [.int(1)], nil),
    ])
  func formats(_ c: Case) {
    #expect((try? Self.format(c.format, ListValue(c.arguments))) == c.expected)
  }

  @Test(arguments: ["%y", "%é"]) func namesAnUnknownClause(_ format: String) {
    #expect {
      try Self.format(format, ListValue([.int(1)]))
    } throws: {
      "\($0)".hasSuffix("unrecognized formatting clause \"\(format.dropFirst())\"")
    }
  }

  @Test func boundsItsResult() {
    let long = Value.string(String(repeating: "a", count: 1 << 20))
    let many = Value.list(ListValue([Value](repeating: long, count: 64)))
    #expect(throws: EvaluationError.self) { try Self.format("%s", ListValue([many])) }
  }

  @Test(
    arguments: [
      (0.1, "0.1"), (1e-7, "1e-7"), (1e-6, "0.000001"), (1e20, "100000000000000000000"), (1e21, "1e+21"),
      (1.5e-9, "1.5e-9"), (-1.25e30, "-1.25e+30"), (0, "0"), (123, "123"),
    ])
  func writesDoublesForJSON(_ value: Double, _ expected: String) {
    #expect(NumberText.json(value) == expected)
  }

  @Test func writesTimestamps() throws {
    func text(_ seconds: Int64, _ nanoseconds: Int32 = 0) throws -> String {
      StringFormat.utc(try #require(TimestampValue(seconds: seconds, nanoseconds: nanoseconds)))
    }
    #expect(try text(0) == "1970-01-01T00:00:00Z")
    #expect(try text(-1, 999_000_000) == "1969-12-31T23:59:59.999Z")
    #expect(try text(TimestampValue.minimumSeconds) == "0001-01-01T00:00:00Z")
    #expect(try text(TimestampValue.maximumSeconds, 1) == "9999-12-31T23:59:59.000000001Z")
    #expect(try text(951_782_400) == "2000-02-29T00:00:00Z")
  }
}
