// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Process

@Suite struct DurationTextTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var text: String
    var expected: Duration?
    var testDescription: String { "'\(text)'" }
  }

  static let cases: [Case] = [
    Case(text: "200ms", expected: .milliseconds(200)), Case(text: "10s", expected: .seconds(10)),
    Case(text: "5m", expected: .seconds(300)), Case(text: "1h30m", expected: .seconds(5400)),
    Case(text: "2d", expected: .seconds(172_800)), Case(text: "1.5s", expected: .milliseconds(1500)),
    Case(text: "0", expected: .zero), Case(text: "0s", expected: .zero),
    Case(text: "1.123456789h", expected: .nanoseconds(4_044_444_440_400)),
    Case(text: "0.00000000000000000001d", expected: .zero), Case(text: "1.2.3s", expected: nil),
    Case(text: "2562047h", expected: .seconds(9_223_369_200)), Case(text: "2562048h", expected: nil),
    Case(text: "7us", expected: .microseconds(7)),
    Case(text: "", expected: nil), Case(text: "10", expected: nil), Case(text: "s", expected: nil),
    Case(text: "-1s", expected: nil), Case(text: "1 s", expected: nil), Case(text: "1.s", expected: nil),
    Case(text: "1..5s", expected: nil), Case(text: "1x", expected: nil),
    Case(text: "99999999999999h", expected: nil),
    Case(text: "9223372036s1s", expected: nil), Case(text: "١s", expected: nil),
  ]

  @Test(arguments: cases) func parses(_ each: Case) {
    #expect(DurationText.parse(each.text) == each.expected)
  }

  @Test(arguments: ["0s", "200ms", "10s", "5m", "1h30m", "1h1m1s1ms"]) func printsWhatItParses(_ text: String)
  {
    #expect(DurationText.parse(text).map(DurationText.print) == text)
  }

  @Test(arguments: [
    ("5", "unit"), ("1e3s", "unit"), ("", "unit"), ("-1s", "negative"), ("-5", "negative"),
    ("99999999h", "at most 2562047h"), ("1d99999999999999999999ns", "at most 2562047h"),
    ("106751.999999999999d", "at most 2562047h"),
  ]) func saysWhatIsWrong(_ text: String, _ word: String) {
    #expect(DurationText.parse(text) == nil)
    #expect(DurationText.fault(of: text).contains(word))
  }
}
