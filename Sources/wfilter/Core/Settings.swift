// SPDX-License-Identifier: Apache-2.0

package import Events
package import Filter

/// What the command line asks for.
package struct Settings: Sendable {
  /// What happens to a line that the expression cannot be evaluated for.
  package enum OnError: String, Sendable, CaseIterable {
    /// It does not match.
    case drop
    /// It is passed on.
    case keep
    /// The run ends with status 65; so it does for a line that is no JSON, and every line is read to its end.
    case fail
  }

  /// What happens to BOOKMARK, ERROR and STATUS lines.
  package enum Control: String, Sendable, CaseIterable {
    case pass, match, drop
  }

  package var filter = FilterOptions()
  /// Paths; `-` is standard input, and so is an empty list.
  package var files: [String] = []
  package var isInverted = false
  /// Print only how many lines match.
  package var countsOnly = false
  /// Matching lines until the end; nil is no limit.
  package var limit: UInt64?
  /// Print nothing, and end with the first match.
  package var isQuiet = false
  /// End with 1 when nothing matched.
  package var wantsMatch = false
  /// Look at every scalar, comma and colon of every line.
  package var isStrict = false
  package var emit: String?
  package var failIf: String?
  package var timeLimit: Duration?
  package var onError = OnError.drop
  package var control = Control.pass
  package var showsStatistics = false
  package var explains = false
  /// Threads; nil is one for each core.
  package var jobs: Int?
  package var stateful = StatefulSettings()
  package var status: StatusSink.Destination?
  /// Where to serve counts to Prometheus.
  package var metricsAddress: String?

  package init() {}

  /// Whether every line is read to its end, the ones that do not match included.
  package var checksEveryLine: Bool { isStrict || onError == .fail || isInverted }
}

/// What is remembered between lines, by key.
package struct StatefulSettings: Sendable {
  /// The key's expression; nil is the uid, else namespace and name.
  package var key: String?
  package var tracks = false
  package var dedupe: String?
  package var window = Duration.seconds(120)
  package var throttle: Duration?
  package var debounce: Duration?
  package var maximumWait: Duration?
  package var absent: Duration?
  package var redactions: [String] = []
  package var keyLimit = 100_000

  package init() {}

  /// Whether lines have to be taken one by one.
  package var isNeeded: Bool {
    tracks || dedupe != nil || throttle != nil || debounce != nil || absent != nil || !redactions.isEmpty
  }
}
