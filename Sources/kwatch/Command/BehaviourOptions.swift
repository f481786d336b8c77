import ArgumentParser
import Command
// SPDX-License-Identifier: Apache-2.0
import KwatchCore

extension GonePolicy: ExpressibleByArgument {}

/// `--poll`: an interval, or not at all.
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

/// How to follow, and until when.
struct BehaviourOptions: ParsableArguments {
  @Flag(
    name: [.long, .customLong("list-only")],
    help: "Print what there is and end; with --state what is new since it was written.")
  var untilNow = false

  @Flag(help: "Print changes only, not what there is at the start.")
  var skipInitial = false

  @Option(
    help: "When the resourceVersion has expired: relist, error (the same, after an ERROR line), exit (75).")
  var onGone = GonePolicy.relist

  @Option(help: "List at this interval and repair what the watch has missed.")
  var verify: DurationArgument?

  @Option(help: "List at this interval while the watch is refused or broken; or never.")
  var poll = PollArgument.every(.seconds(10))

  @Option(help: "At this interval print METRICS lines of watched pods and nodes, too.")
  var usage: DurationArgument?

  @Option(help: "Ask the server to end a watch after about this long.")
  var watchTimeout = DurationArgument(.seconds(300))

  @Option(help: "Failures in a row before giving up (69). Default: no limit.")
  var maxRetries: Int?

  @Option(help: "End with status 124 after this long.")
  var timeout: DurationArgument?

  @Option(help: "Keep in this file where to go on from, and go on from there.", completion: .file())
  var state: String?

  mutating func validate() throws {
    if let maxRetries, maxRetries < 0 { throw ValidationError("--max-retries is a number, not below 0") }
    if case .every(let interval) = poll, interval < .seconds(1) {
      throw ValidationError("--poll is at least 1s")
    }
    guard watchTimeout.duration >= .seconds(1) else {
      throw ValidationError("--watch-timeout is at least 1s")
    }
    if let usage, usage.duration < .seconds(1) { throw ValidationError("--usage is at least 1s") }
    if let verify, verify.duration < .seconds(1) { throw ValidationError("--verify is at least 1s") }
  }

  func apply(to configuration: inout WatchConfiguration) {
    // What is new, in the end, is the difference between what was told and what there is: a list says that.
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
