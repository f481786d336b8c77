// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Common mistakes (Tests/Fixtures/mistakes.tsv). Each gets one helpful line and the right exit status.
@Suite(.timeLimit(.minutes(5))) struct MistakeTests {
  struct Mistake: Sendable, CustomTestStringConvertible {
    var command: String
    var statuses: [Int32]
    var words: [String]
    var testDescription: String { command }
  }

  private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  static let mistakes: [Mistake] = {
    let file = tests.appending(path: "Fixtures/mistakes.tsv")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
      let fields = line.split(separator: "\t").map(String.init)
      guard fields.count > 1 else { return nil }
      let statuses = fields[1].split(separator: "/").compactMap { Int32($0) }
      return Mistake(command: fields[0], statuses: statuses, words: Array(fields[2...]))
    }
  }()

  @Test func readsItsTable() { #expect(Self.mistakes.count >= 200) }

  @Test(arguments: mistakes) func answersHelpfully(_ mistake: Mistake) throws {
    let folder = try TemporaryDirectory()
    let taken = try #require(LoopbackSocket.listen())
    defer { taken.close() }
    try Self.fill(folder.url)
    let outcome = try Tool.shell(
      mistake.command,
      environment: [
        "USED": "\(taken.port)", "NATS_URL": "nats://127.0.0.1:1", "HOME": folder.url.path,
      ], in: folder.url
    ).waitForEnd(.seconds(20))
    #expect(mistake.statuses.contains(outcome.status), "\(outcome)")
    for word in mistake.words { #expect(outcome.diagnostics.contains(word), "\(outcome)") }
    let lines = outcome.diagnostics.split(separator: "\n")
    // An expression and the caret below it are part of a CEL error.
    let own = lines.filter { line in
      ["error", "warning"].contains { line.hasPrefix("\(mistake.tool): \($0): ") }
    }
    let isVerbose = !mistake.statuses.allSatisfy { [64, 66, 74, 77, 78].contains($0) }
    #expect((1...(isVerbose ? 4 : 2)).contains(own.count), "\(outcome)")
    if own.count == 2, !isVerbose { #expect(own.last?.contains("--help") == true, "\(outcome)") }
  }

  private static func fill(_ folder: URL) throws {
    let pods = tests.deletingLastPathComponent().appending(path: "examples/data/pods.ndjson")
    try FileManager.default.copyItem(at: pods, to: folder.appending(path: "pods.ndjson"))
    let files = [
      "pretty.json": "{\n  \"kind\": \"Pod\"\n}\n", "array.json": "[{\"kind\":\"Pod\"},{\"kind\":\"Pod\"}]\n",
      "notes.txt": "buy milk\ncall mum\n",
      "kubeconfig": """
      current-context: dead
      clusters:
      - {name: c, cluster: {server: "http://127.0.0.1:1"}}
      users:
      - {name: u, user: {token: t}}
      contexts:
      - {name: dead, context: {cluster: c, user: u}}
      - {name: prod, context: {cluster: c, user: u}}
      """,
    ]
    for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
  }
}

extension MistakeTests.Mistake {
  /// The tool of a command line: the first word that is not an assignment.
  fileprivate var tool: String {
    String(command.split(separator: " ").first { !$0.contains("=") } ?? "")
  }
}
