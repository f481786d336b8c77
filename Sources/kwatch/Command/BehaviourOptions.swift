// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Command
import KwatchCore

extension GonePolicy: ExpressibleByArgument {}

/// `--poll`: an interval, or never.
enum PollArgument: ExpressibleByArgument, Equatable {
  case every(Duration)
  case never

  init?(argument: String) {
    if argument == "never" {
      self = .never
    } else {
      guard let interval = DurationArgument(argument: argument) else { return nil }
      self = .every(interval.duration)
    }
  }

  var defaultValueDescription: String {
    switch self {
    case .every(let interval): DurationArgument(interval).defaultValueDescription
    case .never: "never"
    }
  }
}

/// The options for following the resources and for ending.
struct BehaviourOptions: ParsableArguments {
  @Flag(
    name: [.long, .customLong("list-only")],
    help: "Print the objects that exist, then exit; with --state only the changes since the last run.")
  var untilNow = false

  @Flag(
    name: [.customShort("w"), .customLong("watch")],
    help: ArgumentHelp("Accepted for kubectl's users: kwatch always watches.", visibility: .hidden))
  var watch = false

  @Flag(
    name: [.long, .customLong("watch-only")],
    help: "Print changes only, not the objects that exist at the start.")
  var skipInitial = false

  @Option(
    help: ArgumentHelp(
      """
      What to do when the resourceVersion has expired. relist: list again and print the differences; error: the \
      same after an ERROR line; exit: print an ERROR line and exit with status 75.
      """, valueName: "policy"))
  var onGone = GonePolicy.relist

  @Option(
    help: ArgumentHelp(
      "List all objects at this interval, and print changes that the watch has missed.",
      valueName: "duration"))
  var verify: DurationArgument?

  @Option(
    help: ArgumentHelp(
      "Interval between lists while a watch is refused or broken; 'never' turns polling off.",
      valueName: "duration|never"))
  var poll = PollArgument.every(.seconds(10))

  @Option(
    help: ArgumentHelp(
      "Also print the resource usage of the watched pods and nodes, as METRICS lines, at this interval.",
      valueName: "duration"))
  var usage: DurationArgument?

  @Option(
    help: ArgumentHelp("Ask the server to end each watch after about this time.", valueName: "duration"))
  var watchTimeout = DurationArgument(.seconds(300))

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Exit with status 69 after this many failures in a row.", valueName: "n"))
  var maxRetries: Int?

  @Option(help: .timeout) var timeout: DurationArgument?

  @Option(
    help: ArgumentHelp("Save the position in this file, and continue from it.", valueName: "file"),
    completion: .file())
  var state: String?

  mutating func validate() throws {
    if let maxRetries, maxRetries < 0 { throw ValidationError("--max-retries must be 0 or more") }
    if case .every(let interval) = poll, interval < .seconds(1) {
      throw ValidationError("--poll must be at least 1s, or never")
    }
    guard watchTimeout.duration >= .seconds(1) else {
      throw ValidationError("--watch-timeout must be at least 1s")
    }
    if let usage, usage.duration < .seconds(1) { throw ValidationError("--usage must be at least 1s") }
    if let verify, verify.duration < .seconds(1) { throw ValidationError("--verify must be at least 1s") }
    if watch, untilNow { throw ValidationError("--watch and --until-now cannot be used together") }
  }

  func apply(to configuration: inout WatchConfiguration) {
    configuration.scope.isSnapshot = untilNow
    configuration.scope.skipsInitial = skipInitial
    configuration.scope.onGone = onGone
    configuration.scope.verifyInterval = verify?.duration
    switch poll {
    case .every(let interval): configuration.scope.pollInterval = interval
    case .never: configuration.scope.allowsPolling = false
    }
    configuration.scope.watchTimeout = watchTimeout.duration
    configuration.scope.retryLimit = maxRetries
    configuration.usageInterval = usage?.duration
    configuration.timeout = timeout?.duration
    configuration.stateFile = state
  }
}
