// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import WfilterCore

/// The flags that remember earlier lines of the same key.
struct MemoryOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The key that identifies an object (default: its uid, else namespace and name).", valueName: "cel"))
  var key: String?

  @Flag(help: "Print a watch of the matching objects: an object that stops matching leaves as DELETED.")
  var track = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Drop a line if an earlier line of its key had the same value of this within --window.",
      valueName: "cel"))
  var dedupe: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("How long --dedupe remembers a value.", valueName: "duration")
  )
  var window: DurationArgument?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Print at most one line per key in this time, and always the last one.", valueName: "duration"))
  var throttle: DurationArgument?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Print a line only if no other line of its key follows within this time.", valueName: "duration"))
  var debounce: DurationArgument?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("With --debounce: hold no line longer than this.", valueName: "duration"))
  var maxWait: DurationArgument?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Print a STATUS line when a key is silent for this long.", valueName: "duration"))
  var absent: DurationArgument?

  @Option(parsing: .unconditional, help: ArgumentHelp("Maximum number of keys to remember.", valueName: "n"))
  var keysLimit = 100_000

  func apply(to configuration: inout Configuration) throws {
    guard throttle == nil || debounce == nil else {
      throw ValidationError("--throttle and --debounce: choose one")
    }
    guard maxWait == nil || debounce != nil else { throw ValidationError("--max-wait needs --debounce") }
    guard window == nil || dedupe != nil else { throw ValidationError("--window needs --dedupe") }
    guard keysLimit > 0 else { throw ValidationError("--keys-limit \(keysLimit): must be at least 1") }
    let durations = [
      ("--window", window), ("--throttle", throttle), ("--debounce", debounce), ("--max-wait", maxWait),
      ("--absent", absent),
    ]
    for (flag, value) in durations {
      if let value, value.duration <= .zero { throw ValidationError("\(flag): must be longer than 0s") }
    }
    configuration.state.key = key
    configuration.state.tracks = track
    configuration.state.dedupe = dedupe
    if let window { configuration.state.window = window.duration }
    configuration.state.throttle = throttle?.duration
    configuration.state.debounce = debounce?.duration
    configuration.state.maximumWait = maxWait?.duration
    configuration.state.silence = absent?.duration
    configuration.state.keysLimit = keysLimit
  }
}
