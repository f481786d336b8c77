import ArgumentParser
import Events
import Glibc
import KwatchCore
// SPDX-License-Identifier: Apache-2.0
import Process

extension OutputFormat: ExpressibleByArgument {}

/// What is printed, and what is said beside it.
struct FormatOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "json (a line for each event), name, table (the server's columns).")
  var output = OutputFormat.json

  @Flag(help: "Print BOOKMARK lines too.")
  var bookmarks = false

  @Flag(help: "Say in each line where it came from, also where there is only one place.")
  var source = false

  @Flag(help: "Print the values of Secrets, not their hashes.")
  var reveal = false

  @Option(help: "Leave a path out of the objects: managedFields, status, spec.template; several with commas.")
  var prune: [String] = []

  @Option(help: "Where STATUS lines go: inline, stderr, fd:N or a file. Default: nowhere.")
  var status: String?

  @Option(help: "Serve Prometheus metrics at this address.")
  var metrics: String?

  @Flag(help: "Say errors only.")
  var quiet = false

  @Flag(help: "Say what is being done.")
  var verbose = false

  mutating func validate() throws {
    if let status, StatusSink.Destination(flag: status) == nil {
      throw ValidationError("--status is inline, stderr, fd:N or a file, not '\(status)'")
    }
  }

  func apply(to configuration: inout WatchConfiguration) {
    configuration.output.format = output
    configuration.output.printsBookmarks = bookmarks
    // Where there are several places, every event must say which it came from.
    configuration.output.printsSource =
      source || configuration.resources.count * max(1, configuration.contexts.count) > 1
    configuration.output.revealsSecrets = reveal
    configuration.output.pruned = prune.flatMap { $0.split(separator: ",").map(String.init) }
    let wantsNoColour = ProcessEnvironment.value("NO_COLOR") != nil
    configuration.output.usesColour = output == .table && isatty(STDOUT_FILENO) == 1 && !wantsNoColour
    configuration.status = status.flatMap(StatusSink.Destination.init(flag:)) ?? .nowhere
    configuration.metricsAddress = metrics
  }
}
