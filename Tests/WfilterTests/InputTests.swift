// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The inputs of wfilter, and the exit status for unusable input.
@Suite(.timeLimit(.minutes(10))) struct InputTests {
  static let good = #"{"a":1}"#

  @Test(arguments: [
    ["true"], ["a == 2"], ["-v", "a == 2"], ["--dedupe", "a", "true"], ["-c", "true"], ["-e", "true"],
  ])
  func failsIfNoLineIsJSON(_ arguments: [String]) throws {
    for lines in [["x"], ["{", #"  "a": 1"#, "}"], [#"{"a":1"#], ["\u{1F}\u{8B}", "x"], ["", "x"]] {
      let outcome = try Stream.filter(arguments, lines)
      #expect(outcome.status == 65, "\(lines): \(outcome)")
      #expect(outcome.diagnostics.contains("JSON"))
    }
    #expect(try Stream.filter(arguments.filter { $0 != "-e" }, ["x", Self.good]).status == 0)
    #expect(try Stream.filter(arguments.filter { $0 != "-e" }, ["", ""]).status == 0)
  }

  @Test(arguments: [["-j1"], ["-j4"], ["--dedupe", "self"]]) func readsOtherFilesIfOneIsMissing(
    _ flags: [String]
  ) throws {
    let folder = try TemporaryDirectory()
    try folder.write(Self.good + "\n", to: "1")
    try folder.write(#"{"a":2}"# + "\n", to: "2")
    let outcome = try Tool.run("wfilter", flags + ["true", "1", "missing", ".", "2"], in: folder.url)
    #expect(outcome.status == 66)
    #expect(outcome.lines == [Self.good, #"{"a":2}"#])
    #expect(
      outcome.diagnostics.contains("missing: No such file")
        && outcome.diagnostics.contains(".: Is a directory"))
  }

  @Test func readsThousandsOfFilesInOrder() throws {
    let folder = try TemporaryDirectory()
    let lines = ["a", "b"].map { #"{"a":"\#($0)"}"# }
    for (name, line) in zip(["a", "b"], lines) { try folder.write(line + "\n", to: name) }
    let files = (0..<6000).map { ["a", "b"][$0 % 2] }
    let arguments = ["true"] + files.prefix(3000) + ["-j1"] + files.dropFirst(3000)
    let outcome = try Tool.run("wfilter", arguments, in: folder.url)
    #expect(outcome.status == 0)
    #expect(outcome.lines == files.map { $0 == "a" ? lines[0] : lines[1] })
  }

  @Test(arguments: [
    "wfilter true f >>f", "wfilter -j1 true <f >>f", "wfilter --absent 1s --key a --status f true f",
  ])
  func refusesToReadItsOwnOutput(_ command: String) throws {
    let folder = try TemporaryDirectory()
    try folder.write(Self.good + "\n", to: "f")
    let outcome = try Tool.shell(command, in: folder.url).waitForEnd()
    #expect(outcome.status == 64)
    #expect(outcome.diagnostics.contains("is also"))
    #expect(
      try Tool.shell("wfilter -c true f >>f; cat f", in: folder.url).waitForEnd().output == Self.good
        + "\n1\n")
  }

  @Test func acceptsAFileAfterASelector() throws {
    let folder = try TemporaryDirectory()
    let lines = [#"{"metadata":{"labels":{"t":"web"}}}"#, #"{"metadata":{"labels":{"t":"x"}}}"#]
    try folder.write(lines.joined(separator: "\n") + "\n", to: "events.ndjson")
    for flags in [["-l", "t=web"], ["--field-selector", "metadata.labels.t=web"]] {
      #expect(try Tool.run("wfilter", flags + ["events.ndjson"], in: folder.url).lines == [lines[0]])
      #expect(try Tool.run("wfilter", flags + ["true", "events.ndjson"], in: folder.url).lines == [lines[0]])
    }
  }

  @Test func readsTheExpressionFromStandardInput() throws {
    let folder = try TemporaryDirectory()
    try folder.write(Self.good + "\n", to: "lines")
    #expect(
      try Tool.run("wfilter", ["-f", "-", "lines"], stdin: "\u{FEFF}a == 1 // one", in: folder.url).lines == [
        Self.good
      ])
    #expect(try Tool.run("wfilter", ["-f", "-"], stdin: "a == 1").status == 64)
  }

  @Test func namesTheFormatOfCompressedInput() throws {
    let folder = try TemporaryDirectory()
    for (start, hint) in [
      ([0x1F, 0x8B], "zcat"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xzcat"),
      ([0x42, 0x5A, 0x68, 0x39], "bzcat"), ([0x50, 0x4B, 3, 4], "unzip -p"),
      ([0x1E, 0x7B, 0x7D], "tr -d '\\036'"),
      (Array("data: {}".utf8), "application/x-ndjson"), (Array("id: 1-1".utf8), "application/x-ndjson"),
      ([0x28, 0xB5, 0x2F, 0xFD], "zstdcat"),
    ] as [([UInt8], String)] {
      try Data(start + [0x0A]).write(to: folder.url.appending(path: "f"))
      let outcome = try Tool.run("wfilter", ["true", "f"], in: folder.url)
      #expect(outcome.status == 65 && outcome.diagnostics.contains(hint), "\(outcome)")
    }
  }

  @Test func reportsALineWithSeveralObjects() throws {
    #expect(try Stream.filter(["kind == 1"], [#"[{"kind":1}]"#]).diagnostics.contains("jq -c '.[]'"))
    #expect(
      try Stream.filter(["spec.x == 1"], [#"{"kind":"List","items":[{"spec":{}}]}"#]).diagnostics.contains(
        "jq -c '.items[]'"))
  }
}
