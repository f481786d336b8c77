// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// An expression or a path that has a value for no line is reported by the name of its flag.
@Suite(.timeLimit(.minutes(10))) struct MisspeltFlagTests {
  static let lines = [#"{"a":1,"s":"x"}"#, #"{"a":2,"s":"y"}"#]

  static let flags: [[String]] = [
    ["--key", "kk", "--throttle", "5s"], ["--throttle", "5s"], ["--track"], ["--absent", "5s"],
    ["--dedupe", "aa"],
    ["--fail-if", "a.c == 1"], ["--fail-if", "a"], ["--redact", "object.data.pasword"], ["--emit", "b"],
  ]

  @Test(arguments: flags) func isReportedAtTheEnd(_ flags: [String]) throws {
    let outcome = try Stream.filter(flags + ["true"], Self.lines)
    let warnings = outcome.diagnostics.split(separator: "\n")
    #expect(warnings.count == 1, "\(outcome)")
    #expect(warnings.first?.contains(flags[0]) == true)
    #expect(outcome.status == 0)
  }

  @Test(arguments: [
    ["--key", "a", "--throttle", "5s"], ["--dedupe", "a"], ["--fail-if", "a == 9"], ["--redact", "s"],
    ["--emit", "a"],
  ])
  func isNotReportedIfItHasAValue(_ flags: [String]) throws {
    let bookmark = Stream.event("BOOKMARK", "{}")
    #expect(try Stream.filter(flags + ["true"], [bookmark] + Self.lines + [bookmark]).diagnostics.isEmpty)
  }

  @Test(arguments: flags) func isReportedAfterAThousandLines(_ flags: [String]) throws {
    let tool = try Tool.start("wfilter", flags + ["true"])
    for number in 0..<1100 { tool.write(#"{"a":\#(number),"s":"x"}"# + "\n") }
    try tool.waitForDiagnostics(flags[0])
    tool.closeInput()
    let outcome = try tool.waitForEnd()
    #expect(outcome.diagnostics.split(separator: "\n").count == 1)
  }

  @Test(arguments: [
    #"type == "added""#, #"type in ["added", "modified"] && a > 0"#, #"a > 5 || type == "added""#,
  ]) func typesInLowercaseAreReported(_ expression: String) throws {
    let events = [Stream.event("ADDED", #"{"a":1}"#), Stream.event("MODIFIED", #"{"a":2}"#)]
    let outcome = try Stream.filter([expression], events)
    #expect(outcome.diagnostics.contains(#"write "ADDED""#) && outcome.status == 0)
    // A line that is not an event may have any type, and one that matches shows that the filter is useful.
    #expect(try Stream.filter([expression], events + [#"{"type":"x","a":0}"#]).diagnostics.isEmpty)
    let matching = Stream.event("ADDED", #"{"a":7}"#)
    let later = try Stream.filter([expression], events + [matching]).diagnostics
    #expect(later.isEmpty == expression.hasPrefix("a"))
  }

  @Test func isNotReportedWithoutAPreviousLine() throws {
    let firsts = (0..<1200).map { Stream.pod("ADDED", "p\($0)", "Running") }
    #expect(try Stream.filter(["old.status.phase != status.phase"], firsts).diagnostics.isEmpty)
    let twice = Stream.pod("MODIFIED", "p1", "Pending")
    let misspelt = try Stream.filter(["old.status.phse != status.phase"], firsts + [twice])
    #expect(misspelt.diagnostics.contains("the expression had no value"))
    // The first line of a key has no `old`, so its error is not the reason.
    #expect(misspelt.diagnostics.contains("no such key: phse"))
    for flag in ["--emit", "--fail-if", "--dedupe"] {
      let outcome = try Stream.filter([flag, "old.status.phse == 'x'", "true"], firsts + [twice])
      #expect(outcome.diagnostics.contains("\(flag) had no value"))
      #expect(outcome.diagnostics.contains("no such key: phse"))
    }
    let first = try Stream.filter(["--on-error", "fail", "old.status.phase != status.phase"], firsts)
    #expect(first.status == 65 && first.diagnostics.contains("old is null for the first line"))
  }

  @Test func failsIfASafetyCheckCannotBeEvaluated() throws {
    let outcome = try Stream.filter(["--on-error", "fail", "--fail-if", "c == 1", "true"], Self.lines)
    #expect(outcome.status == 65 && outcome.diagnostics.contains("--fail-if"))
  }

  @Test func namesTheFlagOfAStatusFile() throws {
    let outcome = try Stream.filter(["--absent", "5s", "--status", "/nonexistent/file", "true"], [])
    #expect(outcome.status == 74 && outcome.diagnostics.contains("--status '/nonexistent/file'"))
  }

  @Test(arguments: [
    ["-m", "-1"], ["-j1c"], ["--throttle", "-1s"], ["--absent", "0s"], ["--window", "5s"], ["-j", "0"],
    ["--throttle", "0s"], ["--debounce", "0s"], ["--debounce", "1s", "--max-wait", "0s"],
    ["--dedupe", "a", "--window", "0s"],
  ])
  func explainsAnInvalidFlagValue(_ flags: [String]) throws {
    let outcome = try Stream.filter(flags + ["true"], [])
    #expect(outcome.status == 64)
    #expect(!outcome.diagnostics.contains("Missing value"), "\(outcome.diagnostics)")
  }

  /// A flag that nothing uses.
  @Test(arguments: [
    ["--key", "s"], ["--ignore", "spec"], ["--key", "s", "--emit", "a"], ["--key", "s", "--check"],
  ])
  func refusesAFlagWithoutEffect(_ flags: [String]) throws {
    let outcome = try Stream.filter(flags + ["true"], Self.lines)
    #expect(outcome.status == 64 && outcome.diagnostics.contains("\(flags[0]) needs"), "\(outcome)")
    for user in [["--diff"], ["--emit", "changes"]] {
      #expect(try Stream.filter(flags.prefix(2) + user + ["true"], Self.lines).status == 0)
    }
  }

  /// A word without quotes is a key that no line has.
  @Test(arguments: [
    (["s == cart-1"], "\"cart-1\""), (["a == 9 || s!=running"], "\"running\""),
    (["s == Running"], "\"Running\""),
    (["--emit", "s == web-0-a ? 1 : 2", "true"], "\"web-0-a\""), (["--fail-if", "s == x", "true"], "\"x\""),
    (["--dedupe", "s == x", "true"], "\"x\""),
  ]) func suggestsQuotes(_ arguments: [String], _ text: String) throws {
    let outcome = try Stream.filter(arguments, Self.lines)
    #expect(outcome.status == 0 && outcome.diagnostics.contains("in quotes: \(text)"), "\(outcome)")
  }

  /// Habits of other languages that are only seen when a line is evaluated.
  @Test(arguments: [
    ("s.length > 1", "size(x)"), ("s.size == 1", "size(x)"), ("s[0] == 'x'", "charAt"),
    ("[1][-1 * a] == 1", "size() - 1"),
    ("self.contains('s')", "in map"), ("a / 1.5 > 0.0", "write double(x)"), ("now > s", "timestamp(x)"),
    ("now - now < s", "duration(x)"), ("s > 1", "double(x) for the number"), ("s + 1 == s", "string(x)"),
    ("missing // 'none' == 'x'", "// begins a comment"), ("{missing: s} == {}", "in quotes: \"missing\""),
    ("my-key == 1", "self[\"my-key\"]"), ("m.l.my-key-x.y == 1", "m.l[\"my-key-x\"]"),
  ]) func suggestsAnotherForm(_ expression: String, _ text: String) throws {
    let outcome = try Stream.filter([expression], Self.lines)
    #expect(outcome.diagnostics.contains("had no value") && outcome.diagnostics.contains(text), "\(outcome)")
  }

  /// Also where a selector drops some of the lines.
  @Test(arguments: [
    ["-l", "app=web"], ["--field-selector", "metadata.name=a"], ["--type", "ADDED"],
  ])
  func reportsATypoBesideASelector(_ selector: [String]) throws {
    let lines = [("ADDED", "a", "web"), ("MODIFIED", "b", "db")].map { type, name, app in
      Stream.event(type, #"{"metadata":{"name":"\#(name)","labels":{"app":"\#(app)"}},"v":1}"#)
    }
    let typo = try Stream.filter(selector + ["w == 1"], lines)
    #expect(typo.diagnostics.contains("had no value for one line: no such key: w"), "\(typo)")
    for expression in ["v == 2", "v == 1", "has(object.w) && w == 1"] {
      #expect(try Stream.filter(selector + [expression], lines).diagnostics.isEmpty)
    }
  }

  /// A number that is compared with a string in all lines.
  @Test(
    arguments: [
      (["n == '3'"], "write 3 without quotes"), (["n in ['3', '4']"], "write 3 without quotes"),
      (["t == 7"], "in quotes"), (["o.b == 'true' || n == 9"], "write true without quotes"),
      (["object.n == '3'"], nil), (["n == 'x'"], nil), (["n == '3' || m == 1"], nil),
      (["-v", "n == '3'"], nil),
      (["t == '5' && n == 4"], nil), (["t == 'x' || t == 5 || n == 3"], nil),
    ] as [([String], String?)])
  func warnsAboutAnotherKind(_ arguments: [String], _ text: String?) throws {
    let lines = [#"{"n":3,"t":"5","o":{"b":true}}"#, #"{"t":"6"}"#, #"{"n":null,"m":1}"#]
    for way in [[], ["-j", "1"], ["-c"]] {
      let outcome = try Stream.filter(way + arguments, lines)
      #expect(outcome.diagnostics.contains(text ?? "is compared with") == (text != nil), "\(outcome)")
      #expect(outcome.status == 0 && outcome.diagnostics.split(separator: "\n").count <= 1)
    }
    let mixed = try Stream.filter(["n == '3'"], lines + [#"{"n":"4"}"#])
    #expect(mixed.diagnostics.isEmpty)
  }

  /// Habits of people who know jq.
  @Test(arguments: [
    (".tags | length", "tags.size()"), (".s | test(\"x\")", "x.f()"), ("\"\\(.s): x\"", "a + \": \" + b"),
    ("{a, s}", "{\"level\": level}"), ("del(.a)", "--drop"), ("group_by(.a)", "one line"),
    ("unique_by(.s)", "--dedupe"), ("$ENV.HOME", "--arg"), ("[.a, .s] | @tsv", "x.f()"), ("@tsv", "--raw"),
    (".a, .s", "several times"), (".bytes > 3", "write self.bytes"),
  ]) func answersJq(_ expression: String, _ text: String) throws {
    for flags in [[expression], ["--emit", expression, "true"]] {
      let outcome = try Stream.filter(flags, Self.lines)
      #expect(outcome.status == 64 && outcome.diagnostics.contains(text), "\(outcome)")
    }
  }

  @Test(arguments: ["s == metadata.nam", "missing > 1", "a == b - 1", "s == b.c"])
  func suggestsNoQuotesForPathsAndSums(_ expression: String) throws {
    #expect(try !Stream.filter([expression], Self.lines).diagnostics.contains("in quotes"))
  }

  @Test func keepsStatusLinesApartFromOtherOutput() throws {
    for flags in [["-c"], ["--emit", "a"], ["--control", "drop"]] {
      let tool = try Tool.start("wfilter", flags + ["--key", "s", "--absent", "50ms", "true"])
      tool.write(Self.lines[0] + "\n")
      try tool.waitForDiagnostics("awaiting")
      tool.closeInput()
      #expect(try tool.waitForEnd().output.contains("STATUS") == false)
    }
    #expect(try Stream.filter(["-c", "--absent", "1s", "--status", "inline", "true"], []).status == 64)
  }

  /// An operand that looks like a file name is reported as a missing file, instead of waiting for standard
  /// input.
  @Test(arguments: ["pods.ndjson", "dir/pods.json", "x.jsonl", "app.log", "pods.ndjson.gz"])
  func reportsAMissingFile(_ name: String) throws {
    for selector in [["-l", "app=web"], ["--field-selector", "a=b"], ["--type", "ADDED"]] {
      let outcome = try Stream.filter(selector + [name], [])
      #expect(outcome.status == 66 && outcome.diagnostics.contains(name))
    }
  }

  /// One line for one problem, even if the file's name is not an expression.
  @Test func distinguishesAFileFromAnExpression() throws {
    let folder = try TemporaryDirectory()
    let file = try folder.write("{}\n", to: "pods.ndjson")
    let outcome = try Stream.filter([file], [])
    #expect(outcome.status == 64 && outcome.diagnostics.contains("wfilter true \(file)"))
    #expect(!outcome.diagnostics.contains("expected"))
  }

  @Test func reportsTheReasonOfTheEndOnce() throws {
    let outcome = try Stream.filter(["--on-error", "fail", "--emit", "b", "true"], [#"{"a":1}"#])
    #expect(outcome.status == 65)
    #expect(outcome.diagnostics.split(separator: "\n").count == 1)
  }

  /// A value that is a string in JSON has no quotes with --raw, whatever its CEL type.
  @Test(arguments: [
    ("'a\\tb'", "a\tb"), ("timestamp('2024-01-01T00:00:00Z')", "2024-01-01T00:00:00Z"),
    ("duration('1m')", "60s"),
    ("b'abc'", "YWJj"), ("type(a)", "int"), ("optional.of('x')", "x"), ("s", "a\"b"), ("self.?s", "a\"b"),
    ("['x']", #"["x"]"#), ("a", "1"),
  ]) func printsRaw(_ expression: String, _ expected: String) throws {
    let outcome = try Stream.filter(["-r", "--emit", expression, "true"], [#"{"a":1,"s":"a\"b"}"#])
    #expect(outcome.output == expected + "\n")
  }
}
