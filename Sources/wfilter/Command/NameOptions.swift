// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Events
import Filter
import WfilterCore

/// The flags that give names to expressions.
struct NameOptions: ParsableArguments {
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Make arg.NAME this string in all expressions.", valueName: "name=value"))
  var arg: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Make arg.NAME this JSON value in all expressions.", valueName: "name=json"))
  var argjson: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Make NAME stand for this expression in all others.", valueName: "name=cel"))
  var `let`: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Leave this path out of changes and --diff.", valueName: "path"))
  var ignore: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Check field names and types against an OpenAPI v3 schema.", valueName: "file"),
    completion: .file())
  var schema: String?

  func apply(to configuration: inout Configuration) throws {
    for text in arg {
      let (name, value) = try argument(text, "--arg", "NAME=VALUE", in: configuration.scope)
      configuration.scope.addArgument(name, text: value)
    }
    for text in argjson {
      let (name, value) = try argument(text, "--argjson", "NAME=JSON", in: configuration.scope)
      guard configuration.scope.addArgument(name, json: value) else {
        throw ValidationError("--argjson \(name): '\(value)' is not JSON")
      }
    }
    for text in `let` {
      let (name, value) = try split(text, "--let", "NAME=CEL")
      guard !Self.reserved.contains(name) else {
        throw ValidationError("--let \(name): the name has a meaning already")
      }
      guard !configuration.scope.definitions.contains(where: { $0.name == name }) else {
        throw ValidationError("--let \(name): given twice")
      }
      configuration.scope.definitions.append(.init(name: name, expression: value))
    }
    configuration.scope.ignored = try patterns(ignore, of: "--ignore")
    if let schema { configuration.scope.schema = try SchemaFile.read(schema) }
  }

  private static let reserved: Set<String> = [
    "type", "object", "source", "self", "now", "old", "changes", "arg", "variables", "true", "false", "null",
    "in", "has",
  ]

  /// A new member of `arg`. jq would silently take the first of two, and other programs take the last.
  private func argument(
    _ text: String, _ flag: String, _ form: String, in scope: FilterScope
  ) throws -> (String, String) {
    let (name, value) = try split(text, flag, form)
    guard !scope.arguments.contains(where: { $0.name == name }) else {
      throw ValidationError("\(flag) \(name): arg.\(name) is given twice")
    }
    return (name, value)
  }

  private func split(_ text: String, _ flag: String, _ form: String) throws -> (String, String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let isName =
      name.utf8.allSatisfy { $0 == 0x5F || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) }
      && name.utf8.first.map { !(0x30...0x39).contains($0) } ?? false
    guard parts.count == 2, isName else {
      throw ValidationError("\(flag) '\(text)': must be \(form), with a name of letters, digits and _")
    }
    return (name, String(parts[1]))
  }
}
