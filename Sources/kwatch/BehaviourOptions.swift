// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Command

extension GonePolicy: ExpressibleByArgument {}
extension PollPolicy: ExpressibleByArgument {}

/// How to follow, and until when.
struct BehaviourOptions: ParsableArguments {
  @Flag(help: "Print what there is, and end.")
  var listOnly = false

  @Flag(help: "Print what is new since --state was written, and end.")
  var untilNow = false

  @Flag(help: "Print changes only, not what there is at the start.")
  var skipInitial = false

  @Option(
    help: "When the resourceVersion has expired: relist, error (the same, after an ERROR line), exit (75).")
  var onGone = GonePolicy.relist

  @Option(help: "List at this interval and repair what the watch has missed.")
  var verify: DurationArgument?

  @Option(help: "List at an interval: fallback (where the watch fails), always, never.")
  var poll = PollPolicy.fallback

  @Option(help: "The interval of --poll.")
  var pollInterval = DurationArgument(.seconds(10))

  @Option(help: "At this interval print METRICS lines of watched pods and nodes, from metrics.k8s.io.")
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
    guard pollInterval.duration >= .seconds(1), watchTimeout.duration >= .seconds(1) else {
      throw ValidationError("--poll-interval and --watch-timeout are at least 1s")
    }
    if let usage, usage.duration < .seconds(1) { throw ValidationError("--usage is at least 1s") }
    if let verify, verify.duration < .seconds(1) { throw ValidationError("--verify is at least 1s") }
  }

  func apply(to configuration: inout WatchConfiguration) {
    // What is new, in the end, is the difference between what was told and what there is: a list says that.
    configuration.scope.isSnapshot = listOnly || untilNow
    configuration.scope.skipsInitial = skipInitial
    configuration.scope.onGone = onGone
    configuration.scope.verifyInterval = verify?.duration
    configuration.scope.pollPolicy = poll
    configuration.scope.pollInterval = pollInterval.duration
    configuration.scope.watchTimeout = watchTimeout.duration
    configuration.scope.retryLimit = maxRetries
    configuration.usageInterval = usage?.duration
    configuration.timeout = timeout?.duration
    configuration.stateFile = state
  }
}
