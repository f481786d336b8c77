// SPDX-License-Identifier: Apache-2.0

import CEL
import Testing

@testable import Filter

@Suite struct LineFilterTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var expression: String
    var line: String
    var expected: Verdict
    var testDescription: String { "\(expression) over \(line)" }

    init(_ expression: String, _ line: String, _ expected: Verdict) {
      self.expression = expression
      self.line = line
      self.expected = expected
    }
  }

  static let pod =
    #"{"type":"MODIFIED","object":{"kind":"Pod","metadata":{"name":"checkout-1","namespace":"prod","#
    + #""labels":{"track":"canary","a.b/c":"d"}},"spec":{"n":3,"big":18446744073709551615,"f":1.5,"on":true,"none":null},"#
    + #""status":{"phase":"Pending","containerStatuses":[{"restartCount":1},{"restartCount":4}]}},"source":{"cluster":"x"}}"#

  static let gpus =
    #"{"event_type":"GPU_UPDATE","cluster_id":"c","payload":{"node_name":"n","gpus":[{"index":0,"temperature_celsius":71},"#
    + #"{"index":1,"utilization_gpu_percent":98,"temperature_celsius":84.5,"power_draw_watts":310}]}}"#
  static let metric =
    #"{"event_type":"METRIC_UPDATE","payload":{"metric_name":"cpu","labels":{"namespace":"prod"},"value":0.92,"#
    + #""previous_value":0.8,"change_percent":15.0,"threshold_breached":false}}"#

  static let cases: [Case] = [
    Case(#"object.metadata.namespace == "prod""#, pod, .match),
    Case(#"metadata.namespace == "prod""#, pod, .match),
    Case(#"metadata.namespace == "dev""#, pod, .noMatch),
    Case(#"self.object.metadata.namespace == "prod""#, pod, .match),
    Case(#"source.cluster == "x""#, pod, .match),
    Case(#"type == "MODIFIED" && status.phase != "Running""#, pod, .match),
    Case(
      #"type == "MODIFIED" && object.status.phase != "Running" && object.status.containerStatuses.exists(c, c.restartCount > 3)"#,
      pod, .match),
    Case(#"status.containerStatuses.exists(c, c.restartCount > 4)"#, pod, .noMatch),
    Case(#"status.containerStatuses[1].restartCount == 4"#, pod, .match),
    Case(#"size(status.containerStatuses) == 2"#, pod, .match),
    Case(#"object.metadata.name.startsWith("checkout")"#, pod, .match),
    Case(#"object.metadata.name.startsWith("xcheckout")"#, pod, .noMatch),
    Case(#"object.metadata.name.endsWith("-1") && metadata.name.contains("eck")"#, pod, .match),
    Case(#"object.metadata.labels.track == "canary""#, pod, .match),
    Case(#"object.metadata.labels["a.b/c"] == "d""#, pod, .match),
    Case(#"object.metadata.labels.missing == "canary""#, pod, .error),
    Case(#"object.metadata.nowhere.missing == "canary""#, pod, .error),
    Case(#"has(object.metadata.labels.missing)"#, pod, .noMatch),
    Case(#"has(object.metadata.labels.track)"#, pod, .match),
    Case(#"has(object.metadata.nowhere.missing)"#, pod, .error),
    Case(#"!has(object.metadata.labels.missing) || false"#, pod, .match),
    Case(#"object.metadata.labels.missing == "canary" && type == "ADDED""#, pod, .noMatch),
    Case(#"object.metadata.labels.missing == "canary" || type == "MODIFIED""#, pod, .match),
    Case(#"metadata.namespace in ["a", "prod"]"#, pod, .match),
    Case(#"metadata.namespace in ["a", 1]"#, pod, .noMatch),
    Case(#"spec.n == 3"#, pod, .match),
    Case(#"spec.n == 3.0 && spec.n == 3u && spec.n >= 3 && spec.n < 3.5 && 2 < spec.n"#, pod, .match),
    Case(#"spec.n == "3""#, pod, .noMatch),
    Case(#"spec.n != "3""#, pod, .match),
    Case(#"spec.n < "3""#, pod, .error),
    Case(#"spec.big == 18446744073709551615u && spec.big > 9223372036854775807"#, pod, .match),
    // As CEL.md describes, the double just above all integers equals the greatest integer.
    Case(#"spec.big == 18446744073709551615.0"#, pod, .match),
    Case(#"spec.big == 18446744073709549568.0"#, pod, .noMatch),
    Case(#"spec.f == 1.5 && spec.f > 1 && spec.f <= 1.5"#, pod, .match),
    Case(#"spec.on"#, pod, .match),
    Case(#"!spec.on"#, pod, .noMatch),
    Case(#"spec.n"#, pod, .error),
    Case(#"spec.none == null"#, pod, .match),
    Case(#"spec.on == true && spec.on != false"#, pod, .match),
    Case(#"spec.n in [1, 2, 3]"#, pod, .match),
    Case(#"spec.n.x == 1"#, pod, .error),
    Case(#"has(spec.n.x)"#, pod, .noMatch),
    Case(#"spec.?missing.orValue("x") == "x""#, pod, .match),
    Case(#"metadata.labels.all(k, k.size() > 2)"#, pod, .match),
    Case(#"old == null"#, pod, .match),
    // A line that is not an event.
    Case(#"a == 1"#, #"{"a":1}"#, .match),
    Case(#"a.b == 1"#, #"{"a":{"b":1}}"#, .match),
    Case(#"type == "x""#, #"{"type":"x"}"#, .match),
    Case(#"object.a == 1"#, #"{"object":{"a":1}}"#, .match),
    Case(#"a == 1"#, #"{"object":{"a":1},"type":"ADDED"}"#, .match),
    Case(#"a == 1"#, #"{"x":0,"object":{"a":1},"y":[],"type":"ADDED","a":2}"#, .match),
    Case(#"self == 5"#, "5", .match),
    Case(#"self.size() == 2"#, "[1,2]", .match),
    Case(#"a == 1"#, "[1]", .error),
    Case("payload.gpus.exists(g, g.temperature_celsius > 80)", gpus, .match),
    Case("payload.gpus.exists(g, g.temperature_celsius > 90)", gpus, .noMatch),
    Case("payload.threshold_breached || payload.change_percent > 10.0", metric, .match),
    Case("payload.change_percent > 20 && payload.value > payload.previous_value", metric, .noMatch),
    // Unusual lines.
    Case(#"a == 1"#, #"{"a":1,"a":2}"#, .match),
    Case(#"a == 2"#, #"{"a":1,"a":2}"#, .noMatch),
    Case(#"self.size() == 2 && self.map(k, k) == ["a", "b"]"#, #"{"a":1,"\u0061":2,"b":3,"b":4}"#, .match),
    Case(#"name == "x""#, #"{"\u006eame":"x"}"#, .match),
    Case(#"name == "é\"""#, #"{"name":"\u00e9\""}"#, .match),
    Case(#"name == "nn""#, #"{"name":"n\u006e"}"#, .match),
    Case(#"name.startsWith("nn")"#, #"{"name":"n\u006ex"}"#, .match),
    Case(#"a == 1 && b == 2"#, " { \"b\" : 2 , \"a\" :\t1 } ", .match),
    Case(#"a == 9223372036854775808u"#, #"{"a":9223372036854775808}"#, .match),
    Case(#"a == 9223372036854775808.0"#, #"{"a":9223372036854775807}"#, .match),
    Case(#"a < 9223372036854775808.0"#, #"{"a":9223372036854775807}"#, .noMatch),
    Case(#"a in [9223372036854775808.0]"#, #"{"a":9223372036854775807}"#, .match),
    Case(#"[a][0] in [9223372036854775808.0]"#, #"{"a":9223372036854775807}"#, .match),
    Case(#"[a][0] in [9223372036854775807]"#, #"{"a":9223372036854775808.0}"#, .match),
    Case(#"a in [9223372036854775807]"#, #"{"a":9223372036854775808.0}"#, .match),
    Case(#"a == 9223372036854775807"#, #"{"a":9223372036854775808}"#, .noMatch),
    Case(#"a > 1e19"#, #"{"a":18446744073709551616}"#, .match),
    Case(#"a == 1"#, "nonsense", .malformed),
    Case(#"a == 1"#, #"{"b":"#, .malformed),
    Case(#"a == 1"#, #"{"b" 1}"#, .malformed),
    Case(#"a == 1"#, "{}", .error),
  ]

  @Test(arguments: cases) func evaluates(_ c: Case) throws {
    let filter = try LineFilter(FilterOptions(expression: c.expression))
    #expect(PaddedLine(c.line).test(LineEvaluator(filter)) == c.expected)
  }

  /// More paths than the table has places.
  @Test(arguments: ["", "self.", "self.object.", "object.", "metadata."]) func takesAnyNumberOfPaths(
    _ root: String
  ) throws {
    let keys = (0..<200).map { #""a\#($0)":\#($0)"# }.joined(separator: ",")
    let clauses = (0..<200).map { "(\(root)a\($0) + 0 == \($0) || has(\(root)b\($0).c))" }.joined(
      separator: " && ")
    let filter = try LineFilter(FilterOptions(expression: clauses))
    let event = #"{"type":"ADDED","object":{"metadata":{\#(keys)},\#(keys)}}"#
    let other = #"{"object":{\#(keys)},"metadata":{\#(keys)},\#(keys)}"#
    #expect(PaddedLine(event).test(LineEvaluator(filter)) == (root == "self." ? .error : .match))
    #expect(PaddedLine(other).test(LineEvaluator(filter)) == .match)
    let changed = other.replacing(#""a199":199"#, with: #""a199":7"#)
    #expect(PaddedLine(changed).test(LineEvaluator(filter)) == .error)
    #expect(PaddedLine("{}").test(LineEvaluator(filter)) == .error)
  }

  /// More brackets than fit on the stack, and a walk that would take minutes.
  @Test(arguments: [("[", "]"), (#"{"k":["#, "]}")]) func deepLinesNeitherCrashNorHang(
    _ open: String, _ close: String
  )
    throws
  {
    let depth = 300_000
    let value = String(repeating: open, count: depth) + String(repeating: close, count: depth)
    let line = PaddedLine(#"{"a":\#(value),"b":\#(value)}"#)
    for expression in [
      "a == b", "a in [b]", "[a, b].distinct().size() == 1", "sets.contains([a], [b])",
      "{'x': a} == {'x': b}",
    ] {
      let filter = try LineFilter(FilterOptions(expression: expression))
      #expect(line.test(LineEvaluator(filter)) == .error, "\(expression)")
    }
    for expression in ["a != [1]", "a != null", "size(a) < 2"] {
      let filter = try LineFilter(FilterOptions(expression: expression))
      #expect(line.test(LineEvaluator(filter)) == .match, "\(expression)")
    }
  }

  /// The time of one step must not grow with the size of its value.
  @Test(.timeLimit(.minutes(10))) func valuesInTheLineAreMeasuredOnce() throws {
    let line = PaddedLine(#"{"a":"\#(String(repeating: "p", count: 8 << 20))"}"#)
    let filter = try LineFilter(
      FilterOptions(expression: "size(lists.range(200000).map(i, [self, [self]])) == 200000"))
    #expect(line.test(LineEvaluator(filter)) == .match)
  }

  /// A comparison is charged for the size of the values, also if they are nested in other values.
  @Test func comparingValuesInTheLineIsBounded() throws {
    let entries = (0..<300).map { #""k\#($0)":"vvvvvvvvvvvvvvvvvvvv""# }.joined(separator: ",")
    let line = PaddedLine("{\(entries)}")
    let filter = try LineFilter(
      FilterOptions(
        expression:
          "[1].map(i, {'a': self, 'b': 1}).exists(x, x in lists.range(900).map(i, {'a': self, 'b': 2}))",
        costLimit: 100_000))
    let evaluator = LineEvaluator(filter)
    #expect(line.test(evaluator) == .error)
    #expect(evaluator.lastError?.code == .costLimitExceeded)
  }

  @Test func comparesBytesIfTheyAreSufficient() throws {
    let filter = try LineFilter(
      FilterOptions(expression: #"type == "A" && (a.b < 3 || !has(c.d)) && e.exists(x, x > 1)"#))
    #expect(filter.clauses.map(\.isCompared) == [true, true, false])
    #expect(
      filter.clauses.map(\.text) == [#"type == "A""#, "(a.b < 3 || !has(c.d))", "e.exists(x, x > 1)"])
  }

  @Test func namesTheKeyIfThePathStartsWithADot() {
    #expect(throws: FilterError("1:2: undeclared reference to '.a', did you mean 'a'?\n.a == 1\n ^")) {
      _ = try LineFilter(FilterOptions(expression: ".a == 1"))
    }
  }

  @Test(arguments: ["a ==", "a == 1 &&& b", "size(a", "nofunction(a)", "1 + 1", "type == ", "'a' + 1 == 2"])
  func refusesExpressionsThatCannotBeRight(_ expression: String) {
    #expect(throws: FilterError.self) { _ = try LineFilter(FilterOptions(expression: expression)) }
  }
}
