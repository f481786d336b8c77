// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import wfilter

struct PreviousLinesTests {
  private func remember(_ text: String, _ key: UInt8, in lines: inout PreviousLines, isDeletion: Bool = false)
  {
    let line = Line(text)
    unsafe line.withUnsafeBytes { unsafe lines.remember($0, of: [key], isDeletion: isDeletion) }
  }

  @Test func givesTheLineBefore() {
    var lines = PreviousLines(limit: 10, byteLimit: 1000)
    #expect(lines.line(of: [1]) == nil)
    remember("a", 1, in: &lines)
    remember("b", 1, in: &lines)
    remember("other", 2, in: &lines)
    #expect(lines.line(of: [1])?.text == "b")
    remember("b", 1, in: &lines, isDeletion: true)
    #expect(lines.line(of: [1]) == nil && lines.line(of: [2])?.text == "other")
  }

  @Test func keepsNoMoreBytesThanItMay() {
    var lines = PreviousLines(limit: 100, byteLimit: 10)
    remember("aaaa", 1, in: &lines)
    remember("bbbb", 2, in: &lines)
    remember("AAAA", 1, in: &lines)
    remember("cccc", 3, in: &lines)
    #expect(
      lines.line(of: [2]) == nil && lines.line(of: [1])?.text == "AAAA" && lines.line(of: [3])?.text == "cccc"
    )
    #expect(lines.evictions == 1)
    remember("longer than all of them", 1, in: &lines)
    #expect(lines.line(of: [1]) == nil && lines.line(of: [3])?.text == "cccc")
  }

  @Test func keepsNoMoreKeysThanItMay() {
    var lines = PreviousLines(limit: 2, byteLimit: 1000)
    for key in [1, 2, 3] as [UInt8] { remember("x", key, in: &lines) }
    #expect(lines.line(of: [1]) == nil && lines.line(of: [3]) != nil && lines.evictions == 1)
  }
}
