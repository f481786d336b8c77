// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import WfanoutCore

/// Where the events come from, when not from standard input.
struct SourceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Instead of standard input, run this command for each channel that clients subscribe to, such as 'kwatch {resourceType} [-n {namespace}|-A]'.",
      valueName: "command"))
  var upstream: String?

  @Option(
    help: ArgumentHelp(
      "Who shares a command: all clients of one identity, all clients of one channel, or none (default: identity).",
      valueName: "identity|channel|none"))
  var share: String?

  @Option(
    help: ArgumentHelp("Instead of standard input, serve this recording at its own pace.", valueName: "file"),
    completion: .file())
  var replay: String?

  @Option(
    help: ArgumentHelp("Multiple of the recorded speed; max does not wait (default: 1).", valueName: "factor")
  )
  var speed: String?

  @Flag(help: "Keep the latest object of each key for late clients, /snapshot and Kubernetes lists.")
  var snapshot = false

  var texts: [(String, String?)] {
    [
      ("upstream", upstream), ("share", share), ("replay", replay), ("speed", speed),
      ("snapshot", snapshot ? "true" : nil),
    ]
  }
}
