// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// The differences between cel-go, the specification and Kubernetes.
struct DialectTests {
  private func result(_ expression: String, _ dialect: Dialect) -> String {
    let environment = Environment(
      libraries: StandardLibraries.libraries(dialect), options: Environment.Options(dialect))
    var activation = Activation(environment)
    do {
      let program: Program
      do throws(CompileError) { program = try environment.compile(expression) } catch { return "refused" }
      guard case .string(let text) = try program.evaluate(&activation) else { return "other" }
      return text
    } catch {
      return "fails"
    }
  }

  @Test(
    arguments: [
      ("string('abc'.indexOf('a', 30))", "-1", "fails", "-1"),
      ("string('abc'.lastIndexOf('a', 30))", "-1", "fails", "-1"),
      ("string('abc'.indexOf('', 3))", "3", "3", "3"),
      ("string(ip('::ffff:c0a8:1'))", "refused", "192.168.0.1", "refused"),
      ("string(ip('::ffff:1.2.3.4'))", "refused", "refused", "refused"),
      ("string(ip('x'))", "refused", "refused", "refused"),
      ("string(cidr('10.0.0.0'))", "refused", "refused", "refused"),
      ("'%e'.format([3.14])", "3.140000e+00", "3.140000e+00", "3.140000×10⁰⁰"),
      ("'%.2e'.format([0.00012])", "1.20e-04", "1.20e-04", "1.20×10⁻⁰⁴"),
      ("'%f'.format([1234567.5])", "1234567.500000", "1234567.500000", "1,234,567.500000"),
      ("'%.2f'.format([-123456.5])", "-123456.50", "-123456.50", "-123,456.50"),
      ("'%.0f'.format([-1e15])", "-1000000000000000", "-1000000000000000", "-1,000,000,000,000,000"),
      ("'%.9f'.format([-0.0])", "-0.000000000", "-0.000000000", "-0.000000000"),
      ("'%f'.format([1])", "1.000000", "1.000000", "refused"),
      ("'%d'.format([1.5])", "1.5", "1.5", "refused"),
      (
        "'%s'.format([['a', 1.5, b'b', duration('1s'), {'k': null}]])", "[a, 1.5, b, 1s, {k: null}]",
        "[a, 1.5, b, 1s, {k: null}]", "[\"a\", 1.500000, b\"b\", duration(\"1s\"), {\"k\":null}]"
      ),
      ("'%s %x %b'.format(['a', 255, true])", "a ff 1", "a ff 1", "a ff 1"),
      ("string(duration('90.5s').getMilliseconds())", "90500", "500", "90500"),
      ("string(lists.range(-1).size())", "0", "fails", "0"),
      ("string(has(dyn('a').b))", "false", "fails", "false"),
      ("string(has(dyn(1).b))", "false", "fails", "false"),
      ("string(has(dyn([1]).b))", "fails", "fails", "fails"),
      ("string(has(dyn({}).a.b))", "fails", "fails", "fails"),
      ("string(int('abc'))", "fails", "fails", "refused"), ("string(bool(''))", "fails", "fails", "refused"),
      ("string(quantity('1Q').sign())", "fails", "fails", "refused"),
      ("'%q'.format([1])", "fails", "fails", "refused"),
      ("''.format([1])", "fails", "fails", "refused"), ("'x'.find('(')", "refused", "refused", "refused"),
      ("false ? string(1 / 0) : 'a'", "a", "a", "a"),
    ])
  func differ(_ expression: String, _ celGo: String, _ specification: String, _ kubernetes: String) {
    #expect(result(expression, .celGo) == celGo)
    #expect(result(expression, .specification) == specification)
    #expect(result(expression, .kubernetes) == kubernetes)
  }

  @Test func kubernetesRefusesConstantsThatFail() {
    let environment = Environment(
      variables: [Variable("x", .dyn)], libraries: StandardLibraries.libraries(.kubernetes),
      options: Environment.Options(.kubernetes))
    for expression in [
      "x.find('(') == ''", "x.findAll('[') == []", "regex.extract(x, '(').hasValue()", "'%q'.format([x])",
      "'%d %d'.format([x])", "'%'.format([x])", "x == int('1.5')", "x > uint('-1')", "x == double('one')",
      "timestamp('yesterday') < x", "duration('5 m') < x", "semver('1.2').isLessThan(x)",
      "url('not one') == x",
      "base64.decode('%') == x", "x || bool('yes')",
    ] {
      #expect(throws: CompileError.self, "\(expression)") { try environment.compile(expression) }
    }
    for expression in [
      "x.find('a+') == ''", "'%s %d%%'.format([x, 1])", "'%s'.format(x)", "'%.3f'.format([?x.?a])",
      "x / 0 == 1",
      "int(x) == 1", "[1][5] == x", "has(x.a) && x.a == int('12')",
    ] {
      #expect(throws: Never.self, "\(expression)") { try environment.compile(expression) }
    }
  }

  @Test func theLibraryFollowsTheSpecificationByDefault() throws {
    let environment = Environment(libraries: StandardLibraries.all)
    var activation = Activation(environment)
    #expect(try environment.compile("duration('90.5s').getMilliseconds()").evaluate(&activation) == 500)
  }
}
