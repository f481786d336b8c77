// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// `--arg`, `--argjson`, `--let`, `--raw`, `--drop`, `--check`, and names that are types.
@Suite(.timeLimit(.minutes(10))) struct NamesTests {
  static let lines = [#"{"name":"a\"b","level":"error","n":1}"#, #"{"name":"c","level":"info","n":2}"#]

  @Test func usesValuesFromTheCommandLine() throws {
    #expect(
      try Stream.filter(["--arg", #"who=a"b"#, "name == arg.who"], Self.lines).lines == [Self.lines[0]])
    // The value of --arg is never parsed as an expression.
    #expect(
      try Stream.filter(["--arg", #"who=" || true || ""#, "name == arg.who"], Self.lines).output.isEmpty)
    #expect(try Stream.filter(["--arg", "n=2", "n == int(arg.n)"], Self.lines).lines == [Self.lines[1]])
    #expect(try Stream.filter(["--argjson", "n=2", "n == arg.n"], Self.lines).lines == [Self.lines[1]])
    #expect(
      try Stream.filter(["--argjson", #"all={"x":[1,7]}"#, "n in arg.all.x"], Self.lines).lines == [
        Self.lines[0]
      ])
    #expect(
      try Stream.filter(["--arg", "a=x=y", "--emit", #"arg["a"] + arg.a"#, "true"], [Self.lines[0]]).output
        == "\"x=yx=y\"\n")
    #expect(
      try Stream.filter(["--argjson", "m=[1,{\"a\":null}]", "--emit", "arg", "true"], [Self.lines[0]]).output
        == "{\"m\":[1,{\"a\":null}]}\n")
    #expect(try Stream.filter(["[1].exists(arg, arg == 1)", "--arg", "x=1"], Self.lines).lines.count == 2)
  }

  @Test(arguments: [
    ["--arg", "who", "true"], ["--arg", "1x=y", "true"], ["--argjson", "n={", "true"],
    ["--arg", "who=x", "arg.woh == 'x'"],
    ["--let", "self=1", "true"], ["--let", "x=1 +", "true"], ["--let", "x=1", "--let", "x=2", "true"],
    ["--raw", "true"],
    ["--let", "x=name", "['q'].exists(name, x == name)"], ["--diff", "--emit", "n", "true"],
  ])
  func refusesWhatCannotBeMeant(_ arguments: [String]) throws {
    let outcome = try Stream.filter(arguments, Self.lines)
    #expect(outcome.status == 64 && outcome.output.isEmpty)
    #expect(outcome.diagnostics.contains(arguments[0]) || outcome.diagnostics.contains("^"))
  }

  @Test func composesExpressions() throws {
    let flags = ["--let", #"isBad=level == "error""#, "--let", "isWanted=isBad && n < 5"]
    #expect(try Stream.filter(flags + ["isWanted"], Self.lines).lines == [Self.lines[0]])
    #expect(try Stream.filter(flags + ["!variables.isWanted"], Self.lines).lines == [Self.lines[1]])
    #expect(
      try Stream.filter(flags + ["--emit", "{'bad': isBad}", "true"], Self.lines).lines == [
        #"{"bad":true}"#, #"{"bad":false}"#,
      ])
    #expect(
      try Stream.filter(["--let", "key=name", "--key", "key", "--dedupe", "level", "true"], Self.lines).lines
        .count == 2)
  }

  @Test func printsRawStringsAndSeveralValues() throws {
    #expect(try Stream.filter(["-r", "--emit", "name", "true"], Self.lines).output == "a\"b\nc\n")
    #expect(
      try Stream.filter(["-r", "--emit", "name", "--emit", "n", "--emit", "[level]", "true"], Self.lines)
        .lines == ["a\"b\t1\t[\"error\"]", "c\t2\t[\"info\"]"])
    #expect(
      try Stream.filter(["--emit", "name", "--emit", "n", "true"], Self.lines).lines == [
        "\"a\\\"b\"\t1", "\"c\"\t2",
      ])
    #expect(
      try Stream.filter(["-r", "--emit", "name + \"\\t\" + level", "true"], Self.lines).lines[1] == "c\tinfo")
    #expect(try Stream.filter(["-r", "--emit", "'x'", "true"], Self.lines).output == "x\nx\n")
    #expect(
      try Stream.filter(["-r", "--emit", "n > 1 ? name : level", "true"], Self.lines).lines == ["error", "c"])
    #expect(try Stream.filter(["--emit", "name", "--emit", "x", "true"], Self.lines).output.isEmpty)
  }

  @Test(arguments: [
    (#"{"a":1,"b":2,"c":3}"#, ["a"], #"{"b":2,"c":3}"#), (#"{"a":1,"b":2,"c":3}"#, ["b"], #"{"a":1,"c":3}"#),
    (#"{"a":1,"b":2,"c":3}"#, ["c"], #"{"a":1,"b":2}"#), (#"{"a":1,"b":2,"c":3}"#, ["b", "c"], #"{"a":1}"#),
    (#"{"a":1,"b":2,"c":3}"#, ["a", "c"], #"{"b":2}"#), (#"{"a":1}"#, ["a"], "{}"),
    (#"{ "a" : 1 , "b":2 }"#, ["b"], #"{ "a" : 1 }"#),
    (#"{"a":[1,2,3]}"#, ["a[1]"], #"{"a":[1,3]}"#), (#"{"a":[1,2,3]}"#, ["a[*]"], #"{"a":[]}"#),
    (#"{"a":[{"x":1,"y":2},{"x":3}]}"#, ["a[*].x"], #"{"a":[{"y":2},{}]}"#),
    (
      #"{"type":"ADDED","object":{"m":{"f":[1],"n":2}}}"#, ["m.f"],
      #"{"type":"ADDED","object":{"m":{"n":2}}}"#
    ),
    (#"{"a":1,"a":2,"b":{"c":1},"d":4}"#, ["a", "b.c"], #"{"b":{},"d":4}"#),
    (#"{"b":{"c":1},"d":4}"#, ["d", "b.c"], #"{"b":{}}"#),
  ]) func dropsValuesWithTheirKeys(_ line: String, _ paths: [String], _ expected: String) throws {
    let flags = paths.flatMap { ["--drop", $0] }
    #expect(try Stream.filter(flags + ["true"], [line]).lines == [expected])
  }

  @Test func dropsAndHidesTogether() throws {
    let line = #"{"a":{"s":1,"t":2},"b":3,"c":4}"#
    #expect(
      try Stream.filter(["--redact", "a.s", "--drop", "a.t", "--drop", "b", "--redact", "c", "true"], [line])
        .lines == [#"{"a":{"s":"***"},"c":"***"}"#])
    #expect(
      try Stream.filter(["--drop", "a", "--emit", "self", "true"], [line]).lines == [#"{"b":3,"c":4}"#])
    #expect(try Stream.filter(["--drop", "nowhere", "true"], [line]).diagnostics.contains("--drop nowhere"))
  }

  @Test func checksWithoutReading() throws {
    let tool = try Tool.start("wfilter", ["--check", "--emit", "a", "--dedupe", "b", "a == 1"])
    #expect(try tool.waitForEnd().status == 0)
    #expect(try Tool.start("wfilter", ["--check", "--emit", "a +", "a == 1"]).waitForEnd().status == 64)
  }

  @Test(arguments: [
    ["--emit", #"{"b": bytes}"#, "true"], ["--dedupe", "bytes", "true"],
    ["--key", "string", "--throttle", "1h", "true"], ["bytes > 3"],
    ["list.items == 1"], ["--fail-if", "map == 1", "true"], ["int"], ["--emit", "[bool]", "true"],
    ["null_type != 1"],
  ]) func refusesTheNameOfATypeAsAValue(_ arguments: [String]) throws {
    let outcome = try Stream.filter(arguments, [#"{"bytes":1}"#])
    #expect(outcome.status == 64)
    #expect(outcome.diagnostics.contains("self."), "\(outcome)")
  }

  @Test func acceptsTypeNamesWhereTypesAreExpected() throws {
    #expect(
      try Stream.filter(
        ["type(n) == int && type(name) in [string, bytes] && self.bytes == 5"],
        [#"{"n":1,"name":"x","bytes":5}"#]
      ).lines.count == 1)
  }

  @Test(arguments: [
    ["--arg", "a=1", "--arg", "a=2"], ["--arg", "a=1", "--argjson", "a=1"],
    ["--argjson", "a=1", "--arg", "b=1", "--argjson", "a=1"], ["--let", "a=1", "--let", "a=2"],
  ]) func refusesANameThatIsGivenTwice(_ flags: [String]) throws {
    let outcome = try Stream.filter(flags + ["true"], [#"{"a":1}"#])
    #expect(outcome.status == 64)
    #expect(outcome.diagnostics.contains("given twice"), "\(outcome)")
  }

  /// Each use of a name is a copy of its expression.
  @Test(arguments: [
    ("[NAME, NAME]", 40, "50000 parts"), ("[[[[[[[[[[NAME]]]]]]]]]]", 400, "levels deep"),
    ("NAME\(String(repeating: "+1", count: 200))", 60, "levels deep"),
  ]) func refusesNamesThatGrowBeyondTheLimits(_ text: String, _ count: Int, _ reason: String) throws {
    var flags: [String] = []
    for number in 0..<count {
      flags += ["--let", "a\(number)=" + text.replacing("NAME", with: number == 0 ? "v" : "a\(number - 1)")]
    }
    let outcome = try Stream.filter(flags + ["--emit", "a\(count - 1)", "true"], [#"{"v":1}"#])
    #expect(outcome.status == 64)
    #expect(outcome.diagnostics.contains(reason), "\(outcome)")
    #expect(try Stream.filter(Array(flags.prefix(4)) + ["--emit", "a1", "true"], [#"{"v":1}"#]).status == 0)
  }

  /// In JavaScript `includes` looks for a part of a string. Here it does what Kubernetes' function does.
  @Test func explainsIncludesIfNothingMatched() throws {
    let line = #"{"s":"abc","l":["abc"]}"#
    #expect(try Stream.filter([#"s.includes("b")"#], [line]).diagnostics.contains("contains()"))
    #expect(try Stream.filter(["-q", #"s.includes("b")"#], [line]).diagnostics.isEmpty)
    #expect(try Stream.filter([#"l.includes("abc")"#], [line]).diagnostics.isEmpty)
    #expect(try Stream.filter([#"s.contains("x")"#], [line]).diagnostics.isEmpty)
  }

  @Test func showsTheFormOfHas() throws {
    #expect(try Stream.filter(["has(nested)"], []).diagnostics.contains("has(self.nested)"))
    #expect(try Stream.filter(["true && has( nested )"], []).diagnostics.contains("has(self.nested)"))
  }
}
