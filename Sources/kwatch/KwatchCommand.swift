// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Command
internal import Pipe

@main struct KwatchCommand: ToolCommand {
  static let tool = "kwatch"
  static let configuration = CommandConfiguration(commandName: tool, version: "\(tool) \(Version.string)")

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus { .ok }
}
