// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Functions of libraries whose argument types are known only at run time, as in a filter over JSON.
struct DynamicLibraryTests {
  private static let expressions = [
    "dyn('abc').indexOf('b') == 1", "dyn([1, 2]).indexOf(dyn(2)) == 1", "dyn('ab').reverse() == 'ba'",
    "dyn([1, 2]).reverse() == [2, 1]", "dyn([1u, 2u]).sum() == 3u", "dyn([1.5]).sum() == 1.5",
    "dyn([duration('1s')]).sum() == duration('1s')", "dyn(['b', 'a']).min() == 'a'",
    "dyn([2, 1]).sort() == [1, 2]",
    "dyn([dyn('b'), 'a']).isSorted() == false", "math.abs(dyn(-1)) == 1", "math.abs(dyn(-1.5)) == 1.5",
    "math.sign(dyn(2u)) == 1u", "math.greatest(dyn(1), dyn(2.5)) == 2.5", "math.sqrt(dyn(4)) == 2.0",
    "dyn(quantity('1')).add(dyn(1)) == quantity('2')",
    "dyn(quantity('1')).add(dyn(quantity('1'))) == quantity('2')",
    "string(dyn(ip('::1'))) == '::1'", "string(dyn(cidr('::/0'))) == '::/0'", "string(dyn(1)) == '1'",
    "dyn(semver('1.0.0')).isLessThan(dyn(semver('2.0.0')))",
    "dyn(quantity('1')).isLessThan(dyn(quantity('2')))",
    "dyn(cidr('10.0.0.0/8')).containsIP(dyn('10.1.1.1'))",
    "dyn(cidr('10.0.0.0/8')).containsIP(dyn(ip('10.1.1.1')))",
    "dyn(cidr('10.0.0.0/8')).ip() == ip('10.0.0.0')", "dyn(['a', 'b']).join(dyn('-')) == 'a-b'",
    "dyn([[1], 2]).flatten() == [1, 2]", "dyn([1, 2]).flatten(1) == [1, 2]",
    "dyn([{'k': 2}, {'k': 1}]).sortBy(e, e.k)[0].k == 1",
    "dyn('%s').format(dyn([1])) == '1'", "sets.contains(dyn([1]), dyn([1]))", "dyn([1]).first().value() == 1",
    "dyn('a,b').split(dyn(',')).size() == 2", "dyn('abc').replace('b', dyn('x')) == 'axc'",
    "dyn('abc').substring(dyn(1)) == 'bc'", "regex.replace(dyn('ab'), 'b', 'c') == 'ac'",
    "dyn('a1').find('[0-9]') == '1'",
    "url(dyn('/a')).getEscapedPath() == '/a'",
    "format.named(dyn('date')).value().validate(dyn('x')).hasValue()",
  ]

  @Test(arguments: expressions)
  func holdsWhenChecked(_ expression: String) {
    #expect(LibraryHarness.isTrue(expression) == true)
  }

  /// Without the checker, only the values determine the overload.
  @Test(arguments: expressions)
  func holdsUnchecked(_ expression: String) throws {
    var options = Environment.Options()
    options.checks = false
    let environment = Environment(libraries: StandardLibraries.all, options: options)
    var activation = Activation(environment)
    let result = try environment.compile(expression).evaluate(&activation)
    #expect(result == .bool(true))
  }

  @Test(
    arguments: [
      "dyn(1).indexOf('a') == 0", "dyn([1]).split(',') == []", "dyn('a').sort() == []",
      "math.abs(dyn('a')) == 1",
      "dyn(quantity('1')).isLessThan(dyn(semver('1.0.0')))", "dyn(1).add(2) == 3",
      "string(dyn(url('/a'))) == ''",
      "dyn('a').containsIP('::1')", "dyn({}).join() == ''", "dyn(null).first() == null",
    ])
  func failsForOtherTypes(_ expression: String) {
    #expect(LibraryHarness.isTrue(expression) == nil)
  }
}
