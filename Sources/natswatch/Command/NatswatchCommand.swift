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
      usage: "natswatch [tail] <subject> ... | work <subject> ... -- <command> | publish <subject>",
      discussion: """
        Without a subcommand, natswatch tails: it prints the messages of a stream as JSON lines.

        Common options of tail:
          --all                start with the oldest message
          --last-per-subject   start with the last message of each subject
          --since <time>       start this long ago (10m), or at a time
          --state <file>       continue after the last line of the previous run
          --until-now          print what is there now, then exit
          --stream <name>      the stream, if several have the subject
          -s, --server <url>   server addresses (default: NATS_URL)

        Examples:
          natswatch 'orders.>'
          natswatch 'orders.>' --all --until-now | wfilter 'total > 100'
          natswatch work 'orders.new' --durable billing -- ./bill
          kwatch pods -A | natswatch publish 'pods.{metadata.namespace}.{metadata.name}'
        """,
      version: "natswatch \(Version.string)",
      subcommands: [TailCommand.self, WorkCommand.self, PublishCommand.self],
      defaultSubcommand: TailCommand.self)
  }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus { .ok }
}
