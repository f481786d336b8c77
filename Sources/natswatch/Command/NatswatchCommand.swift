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
      version: "natswatch \(Version.string)",
      subcommands: [TailCommand.self, WorkCommand.self, PublishCommand.self],
      defaultSubcommand: TailCommand.self)
  }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus { .ok }
}
