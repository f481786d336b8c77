// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Completions as a person uses them: text typed into an interactive shell on a pseudo-terminal, then Tab.
@Suite(.timeLimit(.minutes(4))) struct ShellCompletionTests {
  private static let driver = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/complete.py").path

  struct Case: Sendable, CustomTestStringConvertible {
    var typed: String
    var completed: String
    var testDescription: String { typed }
  }

  static let cases = [
    Case(typed: "kwatch pods --all-n", completed: "kwatch pods --all-namespaces "),
    Case(typed: "kwatch pods --context pro", completed: "kwatch pods --context prod "),
    Case(typed: "kwatch pods --kubeconfig=kube", completed: "kwatch pods --kubeconfig=kubeconfig.yaml "),
    // `tail` is implicit.
    Case(typed: "natswatch orders --since-s", completed: "natswatch orders --since-seq "),
    Case(typed: "natswatch wor", completed: "natswatch work "),
    Case(
      typed: "natswatch work orders --durable d -- unshar",
      completed: "natswatch work orders --durable d -- unshare "),
    Case(typed: "wfilter true eve", completed: "wfilter true events.ndjson "),
    Case(typed: "wfilter -f ex", completed: "wfilter -f expression.cel "),
    Case(typed: "wfilter --on-error k", completed: "wfilter --on-error keep "),
  ]

  @Test(arguments: ["bash", "zsh", "fish"], cases) func completes(_ shell: String, _ one: Case) throws {
    let found = try Tool.shell("command -v \(shell) python3").waitForEnd()
    guard found.lines.count == 2 else {
      notTested("completion in \(shell)", because: "\(shell) or python3 is not installed")
      return
    }
    let folder = try TemporaryDirectory()
    let contexts = "contexts:\n- {name: prod, context: {cluster: a}}\n- {name: test, context: {cluster: a}}\n"
    try contexts.write(to: folder.url.appending(path: "kubeconfig.yaml"), atomically: true, encoding: .utf8)
    for name in ["events.ndjson", "expression.cel"] {
      try "".write(to: folder.url.appending(path: name), atomically: true, encoding: .utf8)
    }
    let tool = String(one.typed.prefix { $0 != " " })
    let script = folder.url.appending(path: "script").path
    let outcome = try Tool.shell(
      "\(tool) --generate-completion-script \(shell) >\(script) && python3 \(Self.driver) \(shell) \(script) \"$TYPED\"",
      environment: ["TYPED": one.typed, "KUBECONFIG": "kubeconfig.yaml"], in: folder.url
    ).waitForEnd(.seconds(60))
    #expect(outcome.output == one.completed + "\n", "\(outcome.diagnostics)")
  }
}
