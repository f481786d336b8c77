// SPDX-License-Identifier: Apache-2.0

package import Events
package import Filter

/// The settings of a run.
package struct Configuration: Sendable {
  /// The policy for a line for which the expression cannot be evaluated.
  package enum OnError: String, Sendable, CaseIterable {
    /// It does not match.
    case drop
    /// It is passed on.
    case keep
    /// The run ends with status 65; so it does for a line that is not JSON, and every line is read to its end.
    case fail
  }

  /// The policy for BOOKMARK, ERROR and STATUS lines.
  package enum Control: String, Sendable, CaseIterable {
    case pass, match, drop
  }

  package var filter = FilterOptions()
  /// Paths; `-` is standard input, and so is an empty list.
  package var files: [String] = []
  package var isInverted = false
  /// Print only the number of matching lines.
  package var countsOnly = false
  /// The number of matching lines to end after; nil for no limit.
  package var limit: UInt64?
  /// Print nothing, and end with the first match.
  package var isQuiet = false
  /// End with status 1 if no line matched.
  package var wantsMatch = false
  /// Validate every scalar, comma and colon of every line.
  package var isStrict = false
  package var emit: [String] = []
  /// Print strings of ``emit`` without quotes.
  package var emitsRaw = false
  /// Whether changes are printed in readable form.
  package var printsDiff = false
  package var usesColour = false
  package var failIf: String?
  package var timeLimit: Duration?
  package var onError = OnError.drop
  package var control = Control.pass
  package var showsStatistics = false
  package var explains = false
  /// Threads; nil is one for each core.
  package var jobs: Int?
  package var redactions: [PathPattern] = []
  package var drops: [PathPattern] = []
  /// The names that the command line gives to expressions.
  package var scope = FilterScope()
  /// Compile everything and end.
  package var checksOnly = false
  package var state = StateOptions()
  package var status: StatusSink.Destination?
  /// The size of a block of lines in bytes; nil for the default, which suits the caches.
  var blockSize: Int?
  /// Evaluate lines one by one even if nothing is kept between them. The output is the same.
  var takesLinesOneByOne = false
  /// The address of the metrics for Prometheus.
  package var metricsAddress: String?

  package init() {}

  /// Whether every line is read to its end, even if it does not match.
  var checksEveryLine: Bool { isStrict || onError == .fail || isInverted }

  /// The number of matching lines after which the run ends; nil for no limit.
  var matchLimit: UInt64? { isQuiet ? min(limit ?? 1, 1) : limit }

  /// The output of STATUS lines. With `--absent` the default is inline, if whole lines and control lines are
  /// printed there.
  var statusDestination: StatusSink.Destination {
    if let status { return status }
    guard state.silence != nil, !isQuiet else { return .nowhere }
    return countsOnly || !emit.isEmpty || printsDiff || control == .drop ? .descriptor(2) : .inline
  }
}

/// The state that is kept between lines, by key; none by default.
package struct StateOptions: Sendable {
  /// The key's expression; nil is the uid, else namespace and name.
  package var key: String?
  /// The maximum number of keys of each step (`--keys-limit`).
  package var keysLimit = 100_000
  /// The maximum number of bytes of held lines.
  var byteLimit = 64 << 20
  package var tracks = false
  package var dedupe: String?
  /// The time for which ``dedupe`` keeps a value.
  package var window = Duration.seconds(120)
  /// Excludes ``debounce``.
  package var throttle: Duration?
  package var debounce: Duration?
  /// Of ``debounce``; nil is two seconds, or ``debounce`` where that is longer.
  package var maximumWait: Duration?
  /// `--absent`.
  package var silence: Duration?

  package init() {}

  /// Whether lines must be evaluated one by one.
  var isNeeded: Bool { flagThatNeedsKey != nil || dedupe != nil }

  /// A flag that does nothing for a line without a key.
  var flagThatNeedsKey: String? {
    if throttle != nil { return "--throttle" }
    if debounce != nil { return "--debounce" }
    if silence != nil { return "--absent" }
    return tracks ? "--track" : nil
  }
}
