// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Events
import Process
import WfilterCore

/// The flags that select the output.
struct OutputOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Print only the number of matching lines.")
  var count = false

  @Option(
    name: [.customShort("m", allowingJoined: true), .customLong("max-count")], parsing: .unconditional,
    help: ArgumentHelp("Stop after this many matching lines.", valueName: "n"))
  var maxCount: UInt64?

  @Flag(name: .shortAndLong, help: "Print nothing, not even errors; stop at the first match.")
  var quiet = false

  @Flag(
    name: [.customShort("e"), .customLong("exit-status")], help: "Exit with status 1 if no line matched.")
  var exitStatus = false

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Print the value of this expression as JSON, instead of the line. Repeatable: values are separated by tabs.",
      valueName: "cel"))
  var emit: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Replace the value at this path with \"***\", such as data.* or env[0].value.", valueName: "path"))
  var redact: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Remove the value at this path, and its key.", valueName: "path"))
  var drop: [String] = []

  @Flag(name: .shortAndLong, help: "With --emit: print strings without quotes.")
  var raw = false

  @Flag(help: "Print what changed in each object, for people, in color on a terminal.")
  var diff = false

  func apply(to configuration: inout Configuration) throws {
    configuration.countsOnly = count
    configuration.limit = maxCount
    configuration.isQuiet = quiet
    configuration.wantsMatch = exitStatus
    configuration.emit = emit
    configuration.emitsRaw = raw
    configuration.printsDiff = diff
    configuration.redactions = try patterns(redact, of: "--redact")
    configuration.drops = try patterns(drop, of: "--drop")
    if raw, emit.isEmpty { throw ValidationError("--raw needs --emit") }
    if diff, !emit.isEmpty || count { throw ValidationError("--diff: choose one of --diff, --emit and -c") }
    configuration.usesColour = diff && ProcessEnvironment.allowsColour
  }
}
