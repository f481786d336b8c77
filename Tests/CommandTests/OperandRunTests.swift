// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Command

/// Operands that are joined for the parser, and split after it.
struct OperandRunTests {
  @Test(arguments: [
    (["x", "a", "b"], ["x\0a\0b"]), (["x", "-c", "a", "b", "c"], ["x", "-c", "a", "b\0c"]),
    (
      ["-l", "app=web", "a", "b", "--", "-c", "d", "e", "f"],
      ["-l", "app=web", "a\0b", "--", "-c", "d", "e\0f"]
    ),
    (["--emit=x", "a", "b", "-"], ["--emit=x", "a", "b", "-"]), (["x", "", ""], ["x\0\0"]), ([], []),
  ])
  func joinsOnlyOperands(_ arguments: [String], _ expected: [String]) {
    let joined = OperandRun.joined(arguments)
    #expect(joined == expected)
    #expect(OperandRun.split(joined) == arguments)
  }

  @Test func keepsCombiningMarksApart() {
    let names = ["a", "\u{301}b", "-\u{301}"]
    #expect(OperandRun.split(OperandRun.joined(names)).map { Array($0.utf8) } == names.map { Array($0.utf8) })
  }
}
