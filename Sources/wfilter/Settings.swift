// SPDX-License-Identifier: Apache-2.0

import Filter
import Watch

/// What the command line asks for.
struct Settings: Sendable {
  /// What happens to a line that the expression cannot be evaluated for.
  enum OnError: String, Sendable, CaseIterable {
    /// It does not match.
    case drop
    /// It is passed on.
    case keep
    /// The run ends with status 65; so it does for a line that is no JSON, and every line is read to its end.
    case fail
  }

  /// What happens to BOOKMARK, ERROR and STATUS lines.
  enum Control: String, Sendable, CaseIterable {
    case pass, match, drop
  }

  var filter = FilterOptions()
  /// Paths; `-` is standard input, and so is an empty list.
  var files: [String] = []
  var isInverted = false
  /// Print only how many lines match.
  var countsOnly = false
  /// Matching lines until the end; nil is no limit.
  var limit: UInt64?
  /// Print nothing, and end with the first match.
  var isQuiet = false
  /// End with 1 when nothing matched.
  var wantsMatch = false
  /// Look at every scalar, comma and colon of every line.
  var isStrict = false
  var emit: String?
  var failIf: String?
  var timeLimit: Duration?
  var onError = OnError.drop
  var control = Control.pass
  var showsStatistics = false
  var explains = false
  /// Threads; nil is one for each core.
  var jobs: Int?
  var stateful = StatefulSettings()
  var status: StatusSink.Destination?
  /// Where to serve counts to Prometheus.
  var metricsAddress: String?

  /// Whether every line is read to its end, the ones that do not match included.
  var checksEveryLine: Bool { isStrict || onError == .fail || isInverted }
}

/// What is remembered between lines, by key.
struct StatefulSettings: Sendable {
  /// The key's expression; nil is the uid, else namespace and name.
  var key: String?
  var tracks = false
  var dedupe: String?
  var window = Duration.seconds(120)
  var throttle: Duration?
  var debounce: Duration?
  var maximumWait: Duration?
  var absent: Duration?
  var redactions: [String] = []
  var keyLimit = 100_000

  /// Whether lines have to be taken one by one.
  var isNeeded: Bool {
    tracks || dedupe != nil || throttle != nil || debounce != nil || absent != nil || !redactions.isEmpty
  }
}
