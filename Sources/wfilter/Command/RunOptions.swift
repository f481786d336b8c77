// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Events
import WfilterCore

/// The flags for the end of the run and for reports.
struct RunOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Exit with status 1 at the first line for which this expression is true.", valueName: "cel"))
  var failIf: String?

  @Option(parsing: .unconditional, help: .timeout) var timeout: DurationArgument?

  @Flag(help: "Report on stderr which part of the filter dropped each line.")
  var explain = false

  @Flag(help: "Print counts of read, matched and malformed lines to stderr at the end.")
  var stats = false

  @Option(parsing: .unconditional, help: .status) var status: StatusSink.Destination?
  @Option(parsing: .unconditional, help: .metrics) var metrics: String?

  @Option(
    name: [.customShort("j", allowingJoined: true), .customLong("jobs")], parsing: .unconditional,
    help: ArgumentHelp("Number of threads (default: one per core).", valueName: "n"))
  var jobs: Int?

  @Flag(help: "Compile all expressions, and exit.")
  var check = false

  @Flag(help: "Log more to stderr.")
  var verbose = false

  func apply(to configuration: inout Configuration) throws {
    configuration.failIf = failIf
    configuration.checksOnly = check
    configuration.timeLimit = timeout?.duration
    configuration.explains = explain
    configuration.showsStatistics = stats
    configuration.metricsAddress = metrics
    if let jobs {
      guard jobs > 0 else { throw ValidationError("-j \(jobs): must be at least 1") }
      configuration.jobs = min(jobs, 512)
    }
    guard let status else { return }
    if status == .inline {
      if configuration.countsOnly {
        throw ValidationError("--status inline: -c prints a number only; use stderr or a file")
      }
      if configuration.control == .drop, configuration.emit.isEmpty {
        throw ValidationError("--status inline: --control drop drops STATUS lines; use stderr or a file")
      }
    }
    configuration.status = status
  }
}
