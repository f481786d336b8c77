// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import WfilterCore

struct PreviousLinesTests {
  private func remember(_ text: String, _ key: String, in lines: inout PreviousLines, isDeleted: Bool = false)
  {
    unsafe Line(text).withUnsafeBytes { line in
      if let value = unsafe RawJSON(padded: line) {
        lines.remember(KeyHash(key), value, isDeleted: isDeleted)
      }
    }
  }

  private func old(_ key: String, _ lines: borrowing PreviousLines) -> String? {
    lines.line(of: KeyHash(key))?.text
  }

  @Test func returnsThePreviousLine() {
    var lines = PreviousLines([[]], limit: 10)
    #expect(old("a", lines) == nil)
    remember("[1]", "a", in: &lines)
    remember("[2]", "a", in: &lines)
    remember("[3]", "b", in: &lines)
    #expect(old("a", lines) == "[2]")
    remember("[2]", "a", in: &lines, isDeleted: true)
    #expect(old("a", lines) == nil && old("b", lines) == "[3]")
  }

  @Test func keepsOnlyTheMembersThatAreRead() {
    var lines = PreviousLines([["status", "phase"]], limit: 10)
    remember(
      #"{"type":"ADDED","object":{"spec":{"a":1},"status":{"phase":"Running","ip":2}}}"#, "a", in: &lines)
    #expect(old("a", lines) == #"{"status":{"phase":"Running"}}"#)
  }

  @Test func keepsShortLinesWhole() {
    var lines = PreviousLines([["v"]], limit: 10)
    remember(#"{"k":1,"v":2}"#, "a", in: &lines)
    #expect(old("a", lines) == #"{"k":1,"v":2}"#)
    let long = #"{"k":"\#(String(repeating: "x", count: 100))","v":3}"#
    remember(long, "a", in: &lines)
    #expect(old("a", lines) == #"{"v":3}"#)
    remember(#"{"v":4}"#, "a", in: &lines)
    #expect(old("a", lines) == #"{"v":4}"#)
  }

  @Test func staysWithinItsLimit() {
    let padded = JSONCursor.padding + 4
    var lines = PreviousLines([[]], limit: 3, byteLimit: 2 * padded)
    for key in ["a", "b"] { remember("[12]", key, in: &lines) }
    remember("[13]", "a", in: &lines)
    remember("[12]", "c", in: &lines)
    #expect(old("a", lines) == "[13]" && old("b", lines) == nil && old("c", lines) == "[12]")
    #expect(lines.evictions == 1)
    remember("[\"" + String(repeating: "x", count: 2 * padded) + "\"]", "c", in: &lines)
    #expect(old("c", lines) == nil && old("a", lines) == "[13]" && lines.evictions == 2)
  }
}
