// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import WfanoutCore

/// How events reach clients, and what happens to slow ones.
struct DeliveryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Memory for events that clients may still need (default: 64MiB).", valueName: "size"))
  var ring: String?

  @Option(
    help: ArgumentHelp(
      "Maximum number of unsent events per client (default: as many as the ring holds).", valueName: "n"))
  var queue: String?

  @Option(
    help: ArgumentHelp(
      "What happens to a client beyond --queue: drop-oldest, drop-newest, reset, disconnect or block (default: drop-oldest).",
      valueName: "policy"))
  var overflow: String?

  @Option(
    help: ArgumentHelp("Collect events for this long before sending (default: 0).", valueName: "milliseconds")
  )
  var coalesceMs: String?

  @Option(
    help: ArgumentHelp(
      "Send a heartbeat after this long without an event (default: 5s).", valueName: "duration"))
  var heartbeat: String?

  @Option(
    help: ArgumentHelp(
      "Disconnect a client that reads nothing for this long (default: 30s).", valueName: "duration"))
  var stall: String?

  @Option(
    help: ArgumentHelp(
      "At the end, wait this long for clients to read (default: 10s).", valueName: "duration"))
  var drain: String?

  @Option(
    help: ArgumentHelp("Number of event loops (default: one per processor).", valueName: "n"))
  var loops: String?

  var texts: [(String, String?)] {
    [
      ("ring", ring), ("queue", queue), ("overflow", overflow), ("coalesce-ms", coalesceMs),
      ("heartbeat", heartbeat), ("stall", stall), ("drain", drain), ("loops", loops),
    ]
  }
}
