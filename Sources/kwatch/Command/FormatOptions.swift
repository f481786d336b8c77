// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Command
import Events
import Glibc
import KwatchCore
import Process

extension OutputFormat: ExpressibleByArgument {}

/// The options for the format and the place of the output.
struct FormatOptions: ParsableArguments {
  @Option(
    name: [.customShort("o", allowingJoined: true), .long],
    help: ArgumentHelp(
      "json (one event per line), yaml, name, table (live on a terminal) or wide.",
      valueName: "format"))
  var output = OutputFormat.json

  @Flag(help: "Also print BOOKMARK lines.")
  var bookmarks = false

  @Flag(help: "Add the cluster, resource and namespace to each line, even if there is only one of each.")
  var source = false

  @Flag(help: "Print the values of Secrets instead of their hashes.")
  var reveal = false

  @Option(
    help: ArgumentHelp(
      "Remove this path from the objects, such as managedFields or status; several separated by commas.",
      valueName: "path"))
  var prune: [String] = []

  @Option(help: .status) var status: StatusSink.Destination?
  @Option(help: .metrics) var metrics: String?

  func apply(to configuration: inout WatchConfiguration) {
    configuration.output.format = output
    configuration.output.printsBookmarks = bookmarks
    // With several sources, each event must name its source.
    configuration.output.printsSource =
      source || configuration.resources.count * max(1, configuration.contexts.count) > 1
    configuration.output.revealsSecrets = reveal
    configuration.output.pruned = prune.flatMap { $0.split(separator: ",").map(String.init) }
    configuration.output.usesColour = output.isTable && ProcessEnvironment.allowsColour
    // A terminal that cannot move its cursor gets lines, as a pipe does.
    configuration.output.isLive = output.isTable && ProcessEnvironment.hasTerminal
    configuration.status = status ?? .nowhere
    configuration.metricsAddress = metrics
  }
}
