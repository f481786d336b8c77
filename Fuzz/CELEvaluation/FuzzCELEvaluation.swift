// SPDX-License-Identifier: Apache-2.0
//
// Fixed expressions that use every part of CEL, over fuzzed values: plain values and foreign nodes must give
// the same result, and nothing may crash.

import CEL

/// libFuzzer's entry; how to run it: Fuzz/README.md.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCELEvaluation(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  guard let first = bytes.first else { return 0 }
  var reader = ValueReader(bytes.dropFirst())
  let (x, y) = (reader.value(depth: 5), reader.value(depth: 3))
  // One expression for each input, so that new coverage comes from the input.
  let program = Expressions.programs[Int(first) % Expressions.programs.count]
  var activation = Activation(Expressions.environment)
  activation["x"] = x
  activation["y"] = y
  let plain = outcome(program, &activation)
  let source = ValueSource()
  activation["x"] = source.wrap(x)
  activation["y"] = source.wrap(y)
  let foreign = outcome(program, &activation)
  precondition(plain == foreign, "\(plain) over plain values, \(foreign) over foreign ones")
  return 0
}

/// The value's type and text, or the failure, to be compared. Exceeding the budget is not compared, because
/// foreign values may be charged differently.
private func outcome(_ program: Program, _ activation: inout Activation) -> String {
  do throws(EvaluationError) {
    return Text.of(try program.evaluate(&activation, costLimit: 100_000).copied())
  } catch {
    return "\(error.code)"
  }
}

enum Expressions {
  static let environment = Environment(
    variables: [Variable("x", .dyn), Variable("y", .dyn)], libraries: StandardLibraries.all)

  static let programs: [Program] = sources.map { source in
    do { return try environment.compile(source) } catch { fatalError("\(source): \(error)") }
  }

  private static let sources = [
    "x == y", "x < y", "x >= y", "x + y", "x - y", "x * y", "x / y", "x % y", "-x", "!x", "x in y", "x[y]",
    "x[?y]", "x.a", "x.?a.?b", "has(x.a)",
    "has(x.a.b)", "size(x)", "string(x)", "int(x)", "uint(x)", "double(x)", "bool(x)", "bytes(x)",
    "timestamp(x)", "duration(x)", "type(x) == type(y)",
    "x.contains(y)", "x.startsWith(y)", "x.endsWith(y)", "x.matches(y)", "x.map(i, i)", "x.filter(i, i == y)",
    "x.all(i, i == y)", "x.exists(i, i < y)",
    "x.exists_one(i, i == y)", "x.all(i, v, i == v)", "x.transformList(i, v, v)", "x.transformMap(i, v, i)",
    "x.transformMapEntry(i, v, {v: i})",
    "{x: y}", "[x, y] == [y, x]", "x.getFullYear()", "x.getHours(y)", "x.getMilliseconds()",
    "optional.ofNonZeroValue(x).orValue(y)", "[?x, ?y]",
    "x.charAt(y)", "x.indexOf(y)", "x.lastIndexOf(y)", "x.replace(y, 'z')", "x.split(y)", "x.substring(y)",
    "x.trim()", "x.join(y)", "x.format(y)", "'%s %d'.format([x, y])",
    "x.reverse()", "x.distinct()", "x.flatten()", "x.sort()", "x.slice(0, y)", "math.greatest(x, y)",
    "math.bitShiftLeft(x, y)", "sets.contains(x, y)", "sets.equivalent(x, y)",
    "base64.encode(x)", "base64.decode(x)", "regex.extract(x, y)", "regex.replace(x, y, 'r')", "ip(x)",
    "cidr(x).containsIP(y)", "quantity(x)", "url(x)", "semver(x)", "x.isSorted()", "x.sum()",
    "x.min()", "x.indexOf(y)", "format.dns1123Label().validate(x)", "x.upperAscii()", "strings.quote(x)",
    "x.find(y)", "x.findAll(y)", "json.encode(x)",
    "x == 'a' || x.a == 'b' && y in ['a', 1, true, 2u]", "cel.bind(z, x, [z, z] == [x, y])",
  ]
}
