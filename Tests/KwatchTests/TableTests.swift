// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import Foundation
import JSON
import Lines
import TestSupport
import Testing

@testable import KwatchCore

/// The output of `-o table`, `-o wide` and `-o yaml`.
@Suite struct TableTests {
  private static let definitions =
    #"[{"name":"Last Seen","priority":0},{"name":"Reason","priority":0},{"name":"First Seen","priority":1},{"name":"Count","priority":1},{"name":"Name","priority":1}]"#

  private static func event(_ name: String, last: String, count: Int) -> String {
    #"{"cells":["5m","Pulled","10m",\#(count),"\#(name)"],"object":{"metadata":{"name":"\#(name)","namespace":"d","creationTimestamp":"2026-11-28T10:00:00Z"},"lastTimestamp":"\#(last)","count":\#(count)}}"#
  }

  @Test func sortsEventsByTimeAndCountsThem() throws {
    var reader = TableReader(isWide: false, isEvents: true)
    reader.learn(try JSONValue(parsing: Array(Self.definitions.utf8)).elements)
    #expect(reader.columns == ["LAST SEEN", "REASON"])
    let rows = try [
      Self.event("new", last: "2026-11-28T12:00:00Z", count: 3),
      Self.event("old", last: "2026-11-28T11:00:00Z", count: 1),
    ].map { reader.row(try JSONValue(parsing: Array($0.utf8))) }
    #expect(rows[0].cells == ["5m (x3 over 10m)", "Pulled"])
    #expect(rows[1].cells == ["5m", "Pulled"])
    let directory = try TemporaryDirectory()
    let descriptor = unsafe open(directory.path("out"), O_WRONLY | O_CREAT, 0o600)
    let output = OutputWriter(descriptor: descriptor)
    let printer = TablePrinter(output, showsNamespace: true, usesColour: false)
    for row in rows { printer.add(.added, row, reader) }
    try printer.endOfPage(reader)
    try output.flush()
    close(descriptor)
    #expect(
      try directory.read("out") == """
        EVENT      NAMESPACE   LAST SEEN          REASON
        ADDED      d           5m                 Pulled
        ADDED      d           5m (x3 over 10m)   Pulled

        """)
  }

  @Test func showsMoreColumnsWhenWide() throws {
    var reader = TableReader(isWide: true, isEvents: true)
    reader.learn(try JSONValue(parsing: Array(Self.definitions.utf8)).elements)
    #expect(reader.columns == ["LAST SEEN", "REASON", "FIRST SEEN", "COUNT", "NAME"])
  }

  @Test(arguments: [
    (0, "0s"), (119, "119s"), (120, "2m"), (121, "2m1s"), (599, "9m59s"), (600, "10m"), (10_799, "179m"),
    (10_800, "3h"),
    (10_860, "3h1m"), (28_800, "8h"), (172_799, "47h"), (172_800, "2d"), (176_400, "2d1h"), (691_200, "8d"),
    (63_072_000, "2y"), (63_158_400, "2y1d"), (252_288_000, "8y"), (-5, "0s"),
  ])
  func writesAgesAsKubectlDoes(_ seconds: Int, _ expected: String) {
    let now = Timestamp(nanoseconds: 1_800_000_000_000_000_000)
    let then = Timestamp(nanoseconds: now.nanoseconds - Int64(seconds) * 1_000_000_000)
    #expect(TableText.age(since: then, now: now) == expected)
  }

  /// A name of 253 characters must not hide the columns after it.
  @Test func narrowsTheWidestColumns() {
    #expect(TableText.fitted([253, 7, 10], to: 80) == [57, 7, 10])
    #expect(TableText.fitted([9, 7, 10], to: 80) == [9, 7, 10])
    let pair = TableText.fitted([100, 5, 100], to: 81)
    #expect(pair.reduce(0, +) == 75 && abs(pair[0] - pair[2]) <= 1)
    #expect(TableText.fitted([30, 21, 30], to: 10) == [20, 20, 20])
  }

  @Test func cutsTextByItsDisplayWidth() {
    #expect(TableText.width("añb") == 3)
    #expect(TableText.width("日本") == 4)
    // Combining marks have no width. Emoji (also by a variation selector), emoji sequences and flags have a
    // width of two columns.
    #expect(TableText.width("e\u{301}\u{302}") == 1)
    #expect(TableText.width("\u{301}") == 0)
    #expect(TableText.width("🚀👩‍👩‍👧‍👦🇩🇪") == 6)
    #expect(TableText.width("✈\u{FE0F}⌚") == 4)
    #expect(TableText.width("a\u{200B}b") == 2)
    #expect(TableText.cut("日本語", to: 4) == "日…")
    #expect(TableText.cut("abc", to: 3) == "abc")
    #expect(TableText.cut("abcd", to: 3) == "ab…")
  }

  @Test func writesYAML() throws {
    let json =
      #"{"kind":"Pod","metadata":{"name":"a","labels":{},"at":"2026-11-28T10:00:00Z","n":"12"},"list":[1,"x",{"a":true,"b":["c"]},[2,[]]],"text":"one\ntwo\n","odd":"a: b","e":"","yes":"yes","colon:":null}"#
    let expected = """
      kind: Pod
      metadata:
        name: a
        labels: {}
        at: "2026-11-28T10:00:00Z"
        "n": "12"
      list:
      - 1
      - x
      - a: true
        b:
        - c
      -
        - 2
        - []
      text: |
        one
        two
      odd: "a: b"
      e: ""
      "yes": "yes"
      "colon:": null

      """
    #expect(try YAMLText.make(Array(json.utf8).span) == expected)
  }
}
