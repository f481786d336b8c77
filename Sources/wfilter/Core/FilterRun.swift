// SPDX-License-Identifier: Apache-2.0

import Filter
import Lines
import Metrics
package import Process

/// Whatever a filter is refused for.
struct UsageError: ToolError {
  var description: String
  var status: ExitStatus { .usage }
}

/// A whole run: from settings to an exit status.
package enum FilterRun {
  /// Filters until the input ends or something else ends the run.
  ///
  /// - Throws: `ToolError`s: an expression that cannot be right, a file that is not there, output that cannot be written.
  package static func run(
    _ settings: Settings, diagnostics: Diagnostics, shutdown: Shutdown
  ) throws -> ExitStatus {
    let expressions: Expressions
    do { expressions = try Expressions(settings) } catch { throw UsageError(description: "\(error)") }
    let board = settings.metricsAddress.map { _ in CountsBoard() }
    var server: MetricsServer?
    if let board, let address = settings.metricsAddress {
      server = try MetricsServer(address: address, registry: board.registry())
      if let server { diagnostics.info("metrics on http://\(server.address)/metrics") }
    }
    defer { withExtendedLifetime(server) {} }
    let writer = OutputWriter(capacity: 256 << 10, shutdown: shutdown)
    if settings.stateful.isNeeded || expressions.all.contains(where: { $0.usesOld || $0.usesNow }) {
      let output = LineOutput(writer, settings, board)
      shutdown.interruptWrites()
      let input = try InputSequence(settings.files, shutdown: shutdown)
      if settings.limit == 0 { output.end(.satisfied) }
      try StatefulRun(expressions, settings, input: input, output: output, diagnostics: diagnostics).run()
      return try finish(settings, output.ending, output.counts, writer, diagnostics)
    }
    let output = BlockOutput(writer, settings, diagnostics, shutdown, board)
    let run = try BlockRun(
      expressions, settings, output: output, diagnostics: diagnostics, shutdown: shutdown)
    if settings.limit == 0 { output.end(.satisfied) } else { run.run() }
    return try finish(settings, output.ending, output.counts, writer, diagnostics)
  }

  private static func finish(
    _ settings: Settings, _ ending: BlockOutput.Ending?, _ counts: Counts, _ writer: OutputWriter,
    _ diagnostics: Diagnostics
  ) throws -> ExitStatus {
    if settings.countsOnly, !settings.isQuiet { try writer.append("\(counts.matched)\n") }
    try writer.flush()
    if settings.showsStatistics {
      diagnostics.info(counts.text)
    } else if counts.hadNoVerdict, settings.onError == .drop {
      let reason = counts.reason.map { ": \($0)" } ?? ""
      diagnostics.warning("\(counts.errors) line(s), and the expression has a value for none\(reason)")
    }
    if counts.wereHardlyJSON {
      diagnostics.warning(
        "\(counts.malformed) of \(counts.lines) lines are no JSON: one value a line is wanted, as jq -c writes them"
      )
    }
    switch ending {
    case .failed(let error): throw error
    case .badInput: return .badInput
    case .condition: return .conditionFalse
    case .timedOut: return .timedOut
    case .end, .shutdown, .satisfied, nil:
      let wantsMatch = settings.wantsMatch || settings.isQuiet
      return wantsMatch && counts.matched == 0 ? .conditionFalse : .ok
    }
  }
}
