// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// The lists and sets extensions and Kubernetes' list functions, in expressions.
struct ListsLibraryTests {
  @Test(
    arguments: [
      "[1, 2, 3].slice(1, 3) == [2, 3]", "[].slice(0, 0) == []", "[[1], [2, [3]]].flatten() == [1, 2, [3]]",
      "dyn([1, [2, [3, [4]]]]).flatten(2) == [1, 2, 3, [4]]", "dyn([1, [2]]).flatten(0) == [1, [2]]",
      "dyn([[[[]]]]).flatten(9) == []", "lists.range(3) == [0, 1, 2]", "lists.range(0) == []",
      "[1, 'a', null].reverse() == [null, 'a', 1]", "[1, 1u, 1.0, 2].distinct() == [1, 2]",
      "['a', dyn(1), 'a'].distinct() == ['a', 1]", "[[1], [1.0], {}, {}].distinct() == [[1], {}]",
      "[true, dyn(null), null, true].distinct() == [true, null]", "[0.0/0.0, 0.0/0.0].distinct().size() == 2",
      "[3, 1, 2].sort() == [1, 2, 3]", "['b', 'ä', 'a'].sort() == ['a', 'b', 'ä']", "[].sort() == []",
      "[true, false].sort() == [false, true]", "[b'b', b'a'].sort() == [b'a', b'b']",
      "[duration('2s'), duration('1s')].sort()[0] == duration('1s')",
      "[timestamp(2), timestamp(1)].sort()[0] == timestamp(1)", "[2.5, -1.0].sort() == [-1.0, 2.5]",
      "[{'n': 2}, {'n': 1}].sortBy(e, e.n) == [{'n': 1}, {'n': 2}]",
      "['bb', 'a'].sortBy(s, s.size()) == ['a', 'bb']",
      "[1, 2, 3].sortBy(x, [4, 5].sortBy(y, -y)[0] - x) == [3, 2, 1]",
      "['a1', 'b0', 'c1', 'd0'].sortBy(s, s.charAt(1)) == ['b0', 'd0', 'a1', 'c1']",
      "[1, 2].first().value() == 1", "[1, 2].last().value() == 2", "[].first() == optional.none()",
      "!([].last().hasValue())",
      "sets.contains([1, 2], [2u, 1.0])", "sets.contains([], [])", "!sets.contains([], [1])",
      "sets.equivalent([1, 1], [1])",
      "!sets.equivalent([1], [1, 2])", "sets.intersects([[1], 'a'], ['a'])", "!sets.intersects([], [])",
      "[1, 2, 2].isSorted()", "!['b', 'a'].isSorted()", "[].isSorted()", "[1, 2].sum() == 3",
      "[1.5, 2.0].sum() == 3.5",
      "[1u, 2u].sum() == 3u", "[duration('1m'), duration('1s')].sum() == duration('61s')", "[].sum() == 0",
      "[3, 1, 2].min() == 1", "['a', 'b'].max() == 'b'", "[2.0, 1.0].min() == 1.0",
      "dyn([1, 2.5]).max() == 2.5",
      "[1, 2, 2, 3].indexOf(2) == 1", "[1, 2, 2, 3].lastIndexOf(2) == 2", "[1].indexOf(9) == -1",
      "[].lastIndexOf('a') == -1",
      "[1.0].indexOf(dyn(1)) == 0", "[1, 2].includes(2)", "'a'.includes('a')", "![1].includes('1')",
    ])
  func holds(_ expression: String) {
    #expect(LibraryHarness.isTrue(expression) == true)
  }

  @Test(
    arguments: [
      "[1].slice(-1, 1) == []", "[1].slice(0, 2) == []", "[1].slice(1, 0) == []", "[[1]].flatten(-1) == []",
      "lists.range(1000001) == []", "[dyn(1), 'a'].sort() == []",
      "dyn([[1]]).sort() == []",
      "[1, 2].sortBy(e.f, e) == []", "[1, dyn('a')].sortBy(e, e) == []", "[].min() == 0", "[].max() == 0",
      "[9223372036854775807, 1].sum() == 0", "[18446744073709551615u, 1u].sum() == 0u",
      "dyn([1, 'a']).sum() == 0",
      "dyn(['a']).sum() == 'a'", "dyn([1, 'a']).max() == 1", "dyn([[1]]).isSorted()", "{}.sortBy(e, e) == []",
    ])
  func fails(_ expression: String) {
    #expect(LibraryHarness.isTrue(expression) == nil)
  }

  @Test(
    arguments: [
      "lists.range(100000)", "list.distinct()", "list.sort()", "sets.contains(list, list)",
      "list.indexOf(-1)",
      "list.reverse()",
    ])
  func isBoundByTheCostLimit(_ expression: String) {
    let list = (0..<20_000).map { Value.int($0) }
    #expect {
      try LibraryHarness.evaluate(expression, list: list, costLimit: 10_000)
    } throws: { ($0 as? EvaluationError)?.code == .costLimitExceeded }
  }

  @Test func sharedStructureCannotHideWork() throws {
    // 2^60 elements in 60 lists of two.
    var value = Value.list(ListValue([.int(1)]))
    for _ in 0..<60 { value = .list(ListValue([value, value])) }
    for expression in [
      "v.flatten(100)", "[v, v].distinct()", "sets.contains([v], [v])", "'%s'.format([v])", "[v].indexOf(v)",
    ] {
      #expect(throws: EvaluationError.self) { try LibraryHarness.evaluate(expression, v: value) }
    }
  }
}
