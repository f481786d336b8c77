// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `changes`, `--ignore` and `--diff`.
@Suite(.timeLimit(.minutes(10))) struct ChangesTests {
  static func deployment(_ type: String, _ version: Int, _ rest: String) -> String {
    Stream.event(
      type,
      #"{"kind":"Deployment","metadata":{"name":"web","namespace":"d","uid":"u","resourceVersion":"\#(version)","generation":\#(version)},\#(rest)}"#
    )
  }

  static let lines = [
    deployment(
      "ADDED", 1,
      #""spec":{"replicas":2,"paused":true},"status":{"conditions":[{"type":"A","s":"x"},{"type":"B"}]}"#),
    deployment(
      "MODIFIED", 2,
      #""spec":{"replicas":2,"paused":true},"status":{"conditions":[{"type":"A","s":"x"},{"type":"B"}]}"#),
    deployment(
      "MODIFIED", 3,
      #""spec":{"replicas":3},"status":{"conditions":[{"type":"A","s":"y"},{"type":"B"}],"a/b~c":1.0}"#),
    deployment("DELETED", 4, #""spec":{"replicas":3},"status":{"conditions":[{"type":"B"}],"a/b~c":1.0}"#),
  ]

  @Test func listsChangedFields() throws {
    let outcome = try Stream.filter(["--emit", "changes", "true"], Self.lines)
    #expect(
      outcome.lines == [
        "[]", "[]",
        #"[{"op":"remove","path":"/spec/paused","old":true},{"op":"replace","path":"/spec/replicas","old":2,"value":3},"#
          + #"{"op":"replace","path":"/status/conditions/0/s","old":"x","value":"y"},{"op":"add","path":"/status/a~1b~0c","value":1.0}]"#,
        #"[{"op":"remove","path":"/status/conditions/0","old":{"type":"A","s":"y"}}]"#,
      ])
  }

  /// They are maps of CEL in every respect.
  @Test(arguments: [
    (#"changes[1] == {"op": "replace", "path": "/v", "old": 1, "value": 2.0}"#, "true"),
    (#"{"value": 2, "old": 1, "path": "/v", "op": "replace"} in changes"#, "true"),
    ("changes[0] == changes[0] && changes[0] != changes[1]", "true"),
    ("changes.map(c, size(c))", "[3,4,3]"), ("changes.map(c, c.map(k, k))[2]", #"["op","path","value"]"#),
    ("changes.map(c, has(c.old))", "[true,true,false]"), ("changes[0]['old'].x", "3"),
    ("type(changes[0]) == map && 'op' in changes[0]", "true"), ("'b' in changes[0]", "false"),
    ("changes.filter(c, c.op == 'add')", #"[{"op":"add","path":"/n","value":[1]}]"#),
  ])
  func changesAreMaps(_ expression: String, _ value: String) throws {
    let lines = [#"{"k":1,"o":{"x":3},"v":1}"#, #"{"k":1,"v":2,"n":[1]}"#]
    let outcome = try Stream.filter(["--key", "k", "--emit", expression, "old != null"], lines)
    #expect(outcome.lines == [value])
  }

  /// Otherwise the changes of a line could take a thousand times its memory.
  @Test(arguments: [
    (60_000, "a"), (2_000, String(repeating: "k", count: 2_000)),
  ]) func aListWithTooManyChangesIsOneChange(_ count: Int, _ key: String) throws {
    let lines = (0..<2).map { version in
      let numbers = (0..<count).map { "\($0 + version)" }.joined(separator: ",")
      return #"{"id":1,"\#(key)":{"l":[\#(numbers)],"b":[\#(version)]},"c":\#(version)}"#
    }
    let outcome = try Stream.filter(
      ["--key", "id", "--emit", "changes.map(c, c.path)", "old != null"], lines)
    #expect(outcome.lines == [#"["/\#(key)/l","/\#(key)/b/0","/c"]"#])
  }

  @Test func selectsByChangedFields() throws {
    #expect(
      try Stream.filter([#"changes.exists(c, c.path.startsWith("/spec"))"#], Self.lines).lines == [
        Self.lines[2]
      ])
    #expect(try Stream.filter(["changes != []"], Self.lines).lines == Array(Self.lines[2...]))
    #expect(
      try Stream.filter(
        [
          "--ignore", "status.conditions[*].s", "--ignore", "object.status.conditions[0]", "--ignore", "spec",
          "--emit", "changes.map(c, c.path)", "changes != []",
        ], Self.lines
      ).lines
        == [#"["/status/a~1b~0c"]"#])
  }

  /// An independent implementation of RFC 6902 applies the patches.
  @Test func isAPatch() throws {
    let script = """
      import json, random, subprocess, sys
      def apply(doc, ops):
        for op in ops:
          parts = [p.replace('~1', '/').replace('~0', '~') for p in op['path'].split('/')[1:]]
          at = doc
          for part in parts[:-1]: at = at[int(part)] if isinstance(at, list) else at[part]
          last = parts[-1]
          if isinstance(at, list):
            if op['op'] == 'add': at.insert(int(last), op['value'])
            elif op['op'] == 'remove': assert at.pop(int(last)) == op['old']
            else: assert at[int(last)] == op['old']; at[int(last)] = op['value']
          elif op['op'] == 'remove': assert at.pop(last) == op['old']
          elif op['op'] == 'add': assert last not in at; at[last] = op['value']
          else: assert at[last] == op['old']; at[last] = op['value']
        return doc
      rng = random.Random(7)
      def value(depth):
        if depth == 0 or rng.random() < .3: return rng.choice([1, 2.5, True, None, 'x', 'é/~', [], {}])
        if rng.random() < .5: return [value(depth - 1) for _ in range(rng.randrange(5))]
        return {rng.choice('abcd/~') : value(depth - 1) for _ in range(rng.randrange(4))}
      docs = [{'k': 1, 'v': value(4)} for _ in range(400)]
      out = subprocess.run([sys.argv[1], '--key', 'k', '--emit', 'changes', 'true'], input='\\n'.join(map(json.dumps, docs)), capture_output=True, text=True, check=True).stdout.splitlines()
      assert len(out) == len(docs)
      for before, after, ops in zip(docs, docs[1:], out[1:]):
        got = apply(json.loads(json.dumps(before)), json.loads(ops))
        assert got == after, (before, after, ops, got)
      print('ok')
      """
    let folder = try TemporaryDirectory()
    try folder.write(script, to: "apply.py")
    let outcome = try Tool.shell("python3 apply.py \(Tool.path("wfilter"))", in: folder.url).waitForEnd()
    #expect(outcome.output == "ok\n", "\(outcome.diagnostics)")
  }

  @Test func printsReadableDifferences() throws {
    let outcome = try Stream.filter(
      ["--diff", "true"],
      Self.lines + [
        Stream.event("BOOKMARK", "{}"),
        Stream.event("ERROR", #"{"kind":"Status","reason":"Expired","message":"too \u009b old"}"#),
      ])
    let lines = outcome.lines.map { $0.replacing(#/^[0-9T:.-]+Z /#, with: "") }
    #expect(
      lines == [
        "ADDED Deployment d/web", "MODIFIED Deployment d/web", "MODIFIED Deployment d/web",
        "  spec.paused: -true", "  spec.replicas: 2 -> 3",
        #"  status.conditions[0].s: "x" -> "y""#, #"  status["a/b~c"]: +1.0"#, "DELETED Deployment d/web",
        "ERROR Status Expired too ? old",
      ])
  }

  @Test(arguments: [
    (["TERM": "xterm"], true), (["TERM": "dumb"], false), (["TERM": ""], false),
    (["TERM": "xterm", "NO_COLOR": "1"], false), (["TERM": "xterm", "NO_COLOR": ""], true),
  ])
  func coloursWhatATerminalCanShow(_ environment: [String: String], _ isColoured: Bool) throws {
    let folder = try TemporaryDirectory()
    try folder.write(Self.lines.joined(separator: "\n"), to: "lines")
    let outcome = try Tool.shell(
      "exec script -qfec '\(Tool.path("wfilter")) --diff true lines' /dev/null", environment: environment,
      in: folder.url
    ).waitForEnd()
    #expect(outcome.output.contains("spec.replicas"), "\(outcome)")
    #expect(outcome.output.contains("\u{1B}[") == isColoured, "\(outcome)")
  }

  /// A line without a name is titled with its key; text cannot change its own direction on a terminal.
  @Test func titlesPlainLinesWithTheirKey() throws {
    let lines = [#"{"id":"c-1","v":"a"}"#, #"{"id":"c-1","v":"\u202eb\u009b"}"#]
    let outcome = try Stream.filter(["--diff", "--key", "id", "true"], lines)
    #expect(outcome.lines.count { $0.hasSuffix("Z c-1") } == 2, "\(outcome)")
    #expect(outcome.lines.last == #"  v: "a" -> "\u202eb\u009b""#)
    let raw = try Stream.filter(
      ["--diff", "--key", "id", "true"], [lines[0], "{\"id\":\"c-1\",\"v\":\"\u{202E}b\"}"])
    #expect(raw.lines.last == #"  v: "a" -> "?b""#)
    #expect(outcome.diagnostics.isEmpty)
  }

  @Test(arguments: [
    ["--diff", "true"], ["old.v != v"], ["--emit", "changes", "true"], ["--emit", "old", "true"],
  ])
  func saysThatNoLineHasAKey(_ arguments: [String]) throws {
    let outcome = try Stream.filter(arguments, [#"{"v":1}"#, #"{"v":2}"#])
    #expect(outcome.status == 0 && outcome.diagnostics.contains("no line has a key"), "\(outcome)")
    #expect(outcome.diagnostics.split(separator: "\n").count == 1)
  }

  /// The line is compared with the last printed line, not with lines that were dropped or held back since.
  @Test func comparesWithTheLinePrintedLast() throws {
    let outcome = try Stream.filter(
      ["--diff", "--throttle", "1h", "true"], [Self.lines[0], Self.lines[1], Self.lines[2]])
    #expect(outcome.lines.contains("  spec.replicas: 2 -> 3"))
    // The first line of a key has no value, and is the second one's `old`.
    let emitted = try Stream.filter(
      ["--key", "k", "--throttle", "1h", "--emit", "[old.v, v]", "true"],
      [#"{"k":1,"v":1}"#, #"{"k":1,"v":2}"#, #"{"k":1,"v":3}"#])
    #expect(emitted.lines == ["[1,3]"], "\(emitted)")
    let filtered = try Stream.filter(
      ["--diff", "has(status.conditions) && metadata.resourceVersion != '2'"], Self.lines)
    #expect(filtered.lines.count { $0.contains("MODIFIED") } == 1)
  }

  @Test func keepsNothingForAComparisonWithNull() throws {
    #expect(
      try Stream.filter(["old == null || old.spec.replicas != spec.replicas"], Self.lines).lines == [
        Self.lines[0], Self.lines[2],
      ])
    #expect(try Stream.filter(["old != null"], Self.lines).lines == Array(Self.lines[1...]))
    #expect(
      try Stream.filter(["old.spec != spec"], Self.lines).lines
        == [Self.lines[0], Self.lines[2]].filter { $0 != Self.lines[0] })
    #expect(try Stream.filter(["old.object.status == object.status"], Self.lines).lines == [Self.lines[1]])
  }

  /// Held lines are compared with the last printed line, not with the line before them.
  @Test func comparesHeldLinesWithThePrintedOne() throws {
    let lines = (1...4).map { #"{"k":1,"v":\#($0)}"# } + [#"{"k":2,"v":7}"#]
    let throttled = try Stream.filter(
      ["--key", "k", "--throttle", "1h", "--emit", "[v, old == null ? 0 : old.v]", "true"], lines)
    #expect(throttled.lines == ["[1,0]", "[7,0]", "[4,1]"])
    let debounced = try Stream.filter(["--key", "k", "--debounce", "1h", "--emit", "changes", "true"], lines)
    #expect(debounced.lines == ["[]", "[]"])
    let patch = try Stream.filter(["--key", "k", "--throttle", "1h", "--emit", "changes", "true"], lines)
    #expect(patch.lines.last == #"[{"op":"replace","path":"/v","old":1,"value":4}]"#)
  }
}
