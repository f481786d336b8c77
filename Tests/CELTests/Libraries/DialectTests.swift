// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Where cel-go, the specification and Kubernetes differ.
struct DialectTests {
  private func result(_ expression: String, _ dialect: Dialect) -> String {
    let environment = Environment(libraries: StandardLibraries.libraries(dialect))
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
      ("string(ip('::ffff:c0a8:1'))", "refused", "192.168.0.1", "fails"),
      ("string(ip('::ffff:1.2.3.4'))", "refused", "refused", "fails"),
      ("string(ip('x'))", "refused", "refused", "fails"),
      ("string(cidr('10.0.0.0'))", "refused", "refused", "fails"),
      ("'%e'.format([3.14])", "3.140000e+00", "3.140000e+00", "3.140000×10⁰⁰"),
      ("'%.2e'.format([0.00012])", "1.20e-04", "1.20e-04", "1.20×10⁻⁰⁴"),
      ("'%f'.format([1234567.5])", "1234567.500000", "1234567.500000", "1,234,567.500000"),
      ("'%f'.format([1])", "1.000000", "1.000000", "fails"), ("'%d'.format([1.5])", "1.5", "1.5", "fails"),
      (
        "'%s'.format([['a', 1.5, b'b', duration('1s'), {'k': null}]])", "[a, 1.5, b, 1s, {k: null}]",
        "[a, 1.5, b, 1s, {k: null}]", "[\"a\", 1.500000, b\"b\", duration(\"1s\"), {\"k\":null}]"
      ),
      ("'%s %x %b'.format(['a', 255, true])", "a ff 1", "a ff 1", "a ff 1"),
      ("string(duration('1.5s').getMilliseconds())", "500", "500", "1500"),
    ])
  func differ(_ expression: String, _ celGo: String, _ specification: String, _ kubernetes: String) {
    #expect(result(expression, .celGo) == celGo)
    #expect(result(expression, .specification) == specification)
    #expect(result(expression, .kubernetes) == kubernetes)
  }
}
