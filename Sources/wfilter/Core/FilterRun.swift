// SPDX-License-Identifier: Apache-2.0

import Events
import Filter
import Lines
import Metrics
package import Process

/// A configuration that is refused.
package struct UsageError: ToolError {
  package var description: String
  package var status: ExitStatus { .usage }

  package init(description: String) { self.description = description }
}

/// A whole run: from a configuration to an exit status.
package enum FilterRun {
  /// Filters until the input ends or something else ends the run.
  ///
  /// - Throws: a `ToolError`, for an invalid expression or for output that cannot be written.
  package static func run(
    _ configuration: Configuration, diagnostics: Diagnostics, shutdown: Shutdown
  ) throws -> ExitStatus {
    let expressions: Expressions
    do { expressions = try Expressions(configuration) } catch { throw UsageError(description: "\(error)") }
    return try run(expressions, configuration, output: 1, diagnostics: diagnostics, shutdown: shutdown)
  }

  /// Filters with compiled expressions, and prints to a descriptor.
  static func run(
    _ expressions: Expressions, _ configuration: Configuration, output descriptor: Int32,
    diagnostics: Diagnostics,
    shutdown: Shutdown
  ) throws -> ExitStatus {
    try refuseUnusedFlags(expressions, configuration)
    if configuration.checksOnly { return .ok }
    try OwnOutput.refuse(as: configuration)
    let board = configuration.metricsAddress.map { _ in CountsBoard() }
    let server = try board.map { try serve($0, configuration, diagnostics) }
    defer { withExtendedLifetime(server) {} }
    let writer = OutputWriter(descriptor: descriptor, capacity: 256 << 10, shutdown: shutdown)
    let output = RunOutput(
      writer, status: try StatusSink(configuration.statusDestination, output: writer), configuration,
      watchlist: expressions.watchlist,
      diagnostics: diagnostics, shutdown: shutdown, board: board)
    let run = Run(
      expressions, configuration, output: output, diagnostics: diagnostics, shutdown: shutdown)
    if let limit = configuration.timeLimit { shutdown.requestEnd(after: limit) }
    if configuration.matchLimit == 0 { output.end(.satisfied) } else { run.run() }
    if configuration.countsOnly, !configuration.isQuiet { try writer.append("\(output.counts.matched)\n") }
    try writer.flush()
    report(output, configuration, diagnostics)
    return try status(output, configuration, hasUnreadableFile: run.hasUnreadableFile)
  }

  /// A flag without effect is usually a mistake: another flag is missing, or a name is misspelt.
  private static func refuseUnusedFlags(
    _ expressions: Expressions, _ configuration: Configuration
  ) throws(UsageError) {
    if configuration.state.key != nil, !Stages.areNeeded(expressions, configuration) {
      throw UsageError(
        description:
          "--key needs --track, --dedupe, --throttle, --debounce, --absent, --diff, or an expression with old or changes"
      )
    }
    if !configuration.scope.ignored.isEmpty, !configuration.printsDiff,
      !expressions.all.contains(where: \.usesChanges)
    {
      throw UsageError(description: "--ignore needs --diff, or an expression with changes")
    }
  }

  private static func serve(
    _ board: CountsBoard, _ configuration: Configuration, _ diagnostics: Diagnostics
  ) throws -> MetricsServer {
    let server = try MetricsServer(address: configuration.metricsAddress ?? "", registry: board.registry())
    diagnostics.info("metrics on http://\(server.address)/metrics")
    return server
  }

  private static func report(
    _ output: RunOutput, _ configuration: Configuration, _ diagnostics: Diagnostics
  ) {
    let counts = output.counts
    if configuration.showsStatistics { diagnostics.info(counts.text) }
    // The cause of the end has been reported.
    if case .badInput = output.ending {} else { output.reportUnused() }
    let usesIncludes = configuration.filter.expression?.contains(".includes(") == true
    if usesIncludes, counts.matched == 0, counts.lines > 0 {
      diagnostics.warning(
        "no line matched: as in Kubernetes, includes() compares a string as a whole; "
          + "contains() finds a part of it")
    }
    if counts.wereHardlyJSON {
      let total = counts.lines + counts.tooLong
      let share =
        counts.wereUnusable ? "no line" : "only \(counts.lines - counts.malformed) of \(total) lines"
      diagnostics.warning("\(share) is JSON: each line must be one whole object, as 'jq -c .' prints it")
    }
  }

  private static func status(
    _ output: RunOutput, _ configuration: Configuration, hasUnreadableFile: Bool
  ) throws -> ExitStatus {
    switch output.ending {
    case .failed(let error): throw error
    case .badInput: return .badInput
    case .condition: return .conditionFalse
    case .timedOut: return .timedOut
    case .satisfied where configuration.isQuiet && output.counts.matched > 0: return .ok
    case .endOfInput, .shutdown, .satisfied, nil: break
    }
    if hasUnreadableFile { return .noInput }
    if output.counts.wereUnusable { return .badInput }
    let wantsMatch = configuration.wantsMatch || configuration.isQuiet
    return wantsMatch && output.counts.matched == 0 ? .conditionFalse : .ok
  }
}
