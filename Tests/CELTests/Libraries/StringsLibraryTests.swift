// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// The strings extension, in expressions.
struct StringsLibraryTests {
  @Test(
    arguments: [
      "'añb'.charAt(1) == 'ñ'", "'añb'.charAt(3) == ''", "''.charAt(0) == ''",
      "'ñañ'.indexOf('ñ') == 0", "'ñañ'.indexOf('ñ', 1) == 2", "'ñañ'.indexOf('') == 0",
      "''.indexOf('') == 0",
      "'abc'.indexOf('', 9) == 3", "'abc'.indexOf('c', 3) == -1", "'abc'.indexOf('abcd') == -1",
      "''.indexOf('a') == -1",
      "'aaab'.indexOf('aab') == 1", "'abc'.indexOf('b', 99) == -1",
      "'ñañ'.lastIndexOf('ñ') == 2", "'ñañ'.lastIndexOf('ñ', 1) == 0", "'abc'.lastIndexOf('') == 3",
      "'abc'.lastIndexOf('', 1) == 1", "'abc'.lastIndexOf('', 9) == 3", "'abc'.lastIndexOf('c', 3) == -1",
      "'abc'.lastIndexOf('bc', 2) == 1", "'aaa'.lastIndexOf('aa', 0) == 0", "''.lastIndexOf('a') == -1",
      "'ÀBc'.lowerAscii() == 'Àbc'", "'àbC'.upperAscii() == 'àBC'",
      "'aXbX'.replace('X', '') == 'ab'", "'aXbX'.replace('X', 'YY', 1) == 'aYYbX'",
      "'aa'.replace('a', 'b', 0) == 'aa'",
      "'ñb'.replace('', '-') == '-ñ-b-'", "'ñb'.replace('', '-', 2) == '-ñ-b'", "''.replace('', 'x') == 'x'",
      "'aaa'.replace('aa', 'b') == 'ba'", "'abc'.replace('z', 'y') == 'abc'",
      "'a,b,'.split(',') == ['a', 'b', '']", "''.split(',') == ['']", "''.split('') == []",
      "'ñb'.split('') == ['ñ', 'b']",
      "'abc'.split('', 2) == ['a', 'bc']", "'a,b'.split(',', 0) == []", "'a,b'.split(',', 1) == ['a,b']",
      "'a,b,c'.split(',', 2) == ['a', 'b,c']", "'a,b'.split(',', -1) == ['a', 'b']",
      "'a'.split('', 1) == ['a']",
      "'ñab'.substring(1) == 'ab'", "'ñab'.substring(3) == ''", "'ñab'.substring(0, 1) == 'ñ'",
      "''.substring(0) == ''",
      "'ab'.substring(1, 1) == ''", "'\\u00a0\\u2003 a b\\u3000\\n'.trim() == 'a b'", "' \\t '.trim() == ''",
      "'\\u200ba'.trim() == '\\u200ba'", "'ñab'.reverse() == 'bañ'", "''.reverse() == ''",
      "['a', 'ñ'].join() == 'añ'", "['a', 'b'].join(', ') == 'a, b'", "[].join() == ''",
      "['a'].join('x') == 'a'",
      "strings.quote('a\"\\\\\\n\\u00e9') == '\"a\\\\\"\\\\\\\\\\\\n\\u00e9\"'",
      "'%s=%d'.format(['a', 1]) == 'a=1'", "'%s'.format([type(1)]) == 'int'",
      "'%s'.format([duration('1h45m47s')]) == '6347s'",
    ])
  func holds(_ expression: String) {
    #expect(LibraryHarness.isTrue(expression) == true)
  }

  @Test(
    arguments: [
      "'abc'.charAt(-1) == ''", "'abc'.charAt(4) == ''", "'abc'.indexOf('a', -1) == 0",
      "'abc'.lastIndexOf('a', -1) == 0",
      "'abc'.substring(-1) == ''", "'abc'.substring(4) == ''", "'abc'.substring(2, 1) == ''",
      "'abc'.substring(0, 4) == ''", "'abc'.substring(-1, 0) == ''", "[1].join() == ''",
      "[dyn('a'), 1].join() == ''",
      "'%d'.format(['a']) == ''", "'abc'.charAt(9223372036854775807) == ''", "1.reverse() == 1",
      "charAt('a', 0) == 'a'",
    ])
  func fails(_ expression: String) {
    #expect(LibraryHarness.isTrue(expression) == nil)
  }

  @Test func searchStaysLinear() throws {
    let text = String(repeating: "a", count: 400_000)
    let needle = String(repeating: "a", count: 200_000) + "b"
    #expect(try LibraryHarness.evaluate("text.indexOf(v)", v: .string(needle), text: text) == .int(-1))
    #expect(try LibraryHarness.evaluate("text.lastIndexOf(v)", v: .string(needle), text: text) == .int(-1))
  }

  @Test(
    arguments: [
      "text.replace('', text)", "text.split('')", "[text, text, text, text].join(text)",
      "'%s'.format([[text, text]])",
    ])
  func isBoundByTheCostLimit(_ expression: String) {
    let text = String(repeating: "a", count: 100_000)
    #expect {
      try LibraryHarness.evaluate(expression, text: text, costLimit: 10_000)
    } throws: { ($0 as? EvaluationError)?.code == .costLimitExceeded }
  }

  @Test func resultsAreBounded() {
    let text = String(repeating: "a", count: 10_000)
    #expect(throws: EvaluationError.self) {
      try LibraryHarness.evaluate("text.replace('', text)", text: text, costLimit: .max)
    }
  }
}
