// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Filter
import Glibc
import Process
import WfilterCore

@main struct WfilterCommand: ToolCommand {
  static var tool: String { "wfilter" }

  static var joinsOperands: Bool { true }

  static var configuration: CommandConfiguration {
    var configuration = CommandConfiguration(
      commandName: tool,
      abstract: "Keep the lines of a change stream that match a CEL expression or a selector.",
      usage: "wfilter [<options>] [<expression>] [<file> ...]",
      discussion: """
        Names in the expression are keys of an event's object, or of any other JSON line.

        EXAMPLES:
          wfilter 'status.phase != "Running"' pods.ndjson
          wfilter -l app=web pods.ndjson
          kwatch pods | wfilter --emit metadata.name 'has(status.podIP)'
          kwatch deploy/web | wfilter -e -m1 --timeout 60s 'status.readyReplicas == 3'
          kwatch pods | wfilter 'old.status.phase != status.phase'

        Everything else is in wfilter(1); the expression language is in docs/CEL.md.
        """,
      version: "\(tool) \(Version.string)")
    // With a name here, ArgumentParser does not look for a request for a completion script. The search takes
    // half a millisecond, a tenth of a run over a short file. Nothing else reads it, as `usage` is given.
    if !CommandLine.arguments.contains(where: { $0.hasPrefix("--generate-completion-script") }) {
      configuration._superCommandName = ""
    }
    return configuration
  }

  @Argument(
    help: ArgumentHelp(
      "The CEL expression, unless -f gives it, then files; - is standard input.", valueName: "operand"),
    completion: .file())
  var operands: [String] = []

  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Names") var names: NameOptions
  @OptionGroup(title: "Memory") var memory: MemoryOptions
  @OptionGroup(title: "Run") var run: RunOptions

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    let level: Diagnostics.Level = output.quiet ? .silent : run.verbose ? .verbose : .normal
    let diagnostics = Diagnostics(tool: Self.tool, level: level)
    let configuration = try self.configuration(diagnostics)
    return try FilterRun.run(configuration, diagnostics: diagnostics, shutdown: shutdown)
  }

  private func configuration(_ diagnostics: Diagnostics) throws -> Configuration {
    var configuration = Configuration()
    try selection.apply(to: &configuration)
    try output.apply(to: &configuration)
    try names.apply(to: &configuration)
    try memory.apply(to: &configuration)
    configuration.control = selection.control ?? (output.emit.isEmpty ? .pass : .drop)
    try run.apply(to: &configuration)
    try takeOperands(&configuration, diagnostics)
    return configuration
  }

  /// Separates the expression from the files.
  private func takeOperands(_ configuration: inout Configuration, _ diagnostics: Diagnostics) throws {
    let operands = OperandRun.split(self.operands)
    configuration.files = operands
    if let file = selection.file {
      if let first = operands.first(where: { $0.contains(where: " (=".contains) && !Self.exists($0) }) {
        throw ValidationError(
          "with -f every operand is a file, and '\(first)' is not one: write wfilter '\(first)' \(file)")
      }
      configuration.filter.expression = try ExpressionFile.read(file, linesFrom: operands)
      if let first = operands.first, first != "-", !Self.exists(first) {
        diagnostics.warning("with -f every operand is a file: '\(first)' is not one")
      }
    } else if operands.count > 2, ["==", "!=", "<", ">", "<=", ">=", "&&", "||", "in"].contains(operands[1]) {
      throw ValidationError("quote the expression: wfilter '\(operands.prefix(3).joined(separator: " "))' …")
    } else if let first = operands.first,
      !(selection.needsNoExpression && (first == "-" || Self.exists(first) || Self.isNamedAsFile(first)))
    {
      configuration.filter.expression = first
      configuration.files.removeFirst()
      // A path such as `pods.ndjson` is an expression too: without this, wfilter would wait for stdin and match nothing.
      if first.contains("://"), !first.contains(where: \.isWhitespace) {
        throw ValidationError("'\(first)' is an address: write curl -sN \(first) | wfilter EXPRESSION")
      }
      if Self.exists(first), first.contains(where: { ".-/".contains($0) }) {
        throw ValidationError(
          "'\(first)' is a file, and the first operand is the expression: write wfilter true \(first), "
            + "or (\(first)) for an expression")
      }
    }
  }

  /// Whether an operand looks like a file name. A misspelt file name should be reported as missing, and not
  /// be compiled.
  private static func isNamedAsFile(_ operand: String) -> Bool {
    let endings = [".ndjson", ".jsonl", ".json", ".log", ".gz", ".zst"]
    return !operand.contains(where: \.isWhitespace) && endings.contains(where: operand.hasSuffix)
  }

  private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
