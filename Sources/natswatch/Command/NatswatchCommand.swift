// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import NatswatchCore
import Process

@main struct NatswatchCommand: ToolCommand {
  static var tool: String { "natswatch" }

  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "natswatch", abstract: "Move messages between a pipe and NATS JetStream.",
      usage: """
        natswatch [tail] [<options>] <subject> ...
               natswatch work [<options>] <subject> ... --durable <name> -- <command> ...
               natswatch publish [<options>] <subject>
        """,
      discussion: """
        Without a subcommand, natswatch tails: it prints the messages of a stream as JSON lines.

        EXAMPLES:
          natswatch 'orders.>'
          natswatch 'orders.>' --all --until-now | wfilter 'total > 100'
          natswatch work 'orders.new' --durable billing -- ./bill
          kwatch pods -A | natswatch publish 'pods.{metadata.namespace}.{metadata.name}'

        COMMON OPTIONS OF TAIL:
          --all                   Start with the oldest message.
          --last-per-subject      Start with the last message of each subject.
          --since <time>          Start this long ago (10m), or at this time.
          --state <file>          Continue from the position in this file.
          --until-now             Exit when everything has been printed.
          --stream <name>         The stream, if several have the subject.
          -s, --server <url>      Server addresses (default: NATS_URL).
        """,
      version: "natswatch \(Version.string)",
      subcommands: [TailCommand.self, WorkCommand.self, PublishCommand.self],
      defaultSubcommand: TailCommand.self)
  }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus { .ok }
}
