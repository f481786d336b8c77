// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Events
import Filter
import WfilterCore

/// The flags that select lines.
struct SelectionOptions: ParsableArguments {
  @Option(
    name: [.customShort("f", allowingJoined: true), .customLong("file")], parsing: .unconditional,
    help: ArgumentHelp("Read the expression from a file; - is standard input.", valueName: "file"),
    completion: .file())
  var file: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Match fields, as kubectl does.", valueName: "selector"))
  var fieldSelector: String?

  @Option(
    name: [.customShort("l", allowingJoined: true), .customLong("selector")], parsing: .unconditional,
    help: ArgumentHelp("Match labels, as kubectl does.", valueName: "selector"))
  var selector: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Match events of these types, such as ADDED,MODIFIED.", valueName: "types"))
  var type: String?

  @Flag(name: [.customShort("v"), .customLong("invert-match")], help: "Select the lines that do not match.")
  var invertMatch = false

  @Option(
    help: ArgumentHelp(
      "What to do with BOOKMARK, ERROR and STATUS lines (default: pass; drop with --emit).",
      valueName: "policy"))
  var control: Configuration.Control?

  @Option(
    help: ArgumentHelp(
      "What to do with a line on which the expression fails, such as one without the key.",
      valueName: "policy"))
  var onError = Configuration.OnError.drop

  @Flag(help: "Check the syntax of every number, string and literal of each line.")
  var strict = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Limit the cost of evaluating one line (default: 10000000).", valueName: "n"))
  var costLimit: Int?

  /// Whether lines are selected without an expression.
  var hasSelector: Bool { fieldSelector != nil || selector != nil || type != nil }

  /// Whether the flags are selectors alone, so that the first operand may be a file.
  var needsNoExpression: Bool { hasSelector && file == nil }

  /// The types of `--type`.
  ///
  /// - Throws: `ValidationError` for one that no event has.
  func types() throws -> [String] {
    guard let type else { return [] }
    let known = EventType.allCases.map(\.rawValue)
    return try type.split(separator: ",").map { part in
      let name = part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
      let text = String(name)
      guard !known.contains(text) else { return text }
      let hint =
        known.contains(text.uppercased())
        ? "write \(text.uppercased())" : "there are \(known.joined(separator: ", "))"
      throw ValidationError("--type \(text): no event has this type: \(hint)")
    }
  }

  func apply(to configuration: inout Configuration) throws {
    if let costLimit, costLimit < 1 { throw ValidationError("--cost-limit \(costLimit): must be at least 1") }
    configuration.filter.fieldSelector = fieldSelector
    configuration.filter.labelSelector = selector
    configuration.filter.types = try types()
    configuration.filter.costLimit = costLimit
    configuration.isInverted = invertMatch
    configuration.isStrict = strict
    configuration.onError = onError
  }
}

extension Configuration.OnError: ExpressibleByArgument {}
extension Configuration.Control: ExpressibleByArgument {}
