import ArgumentParser
import Command
// SPDX-License-Identifier: Apache-2.0
import KwatchCore
import Process

@main struct KwatchCommand: ToolCommand {
  static let tool = "kwatch"

  static let configuration = CommandConfiguration(
    commandName: "kwatch", abstract: "List and watch Kubernetes resources, for ever, as NDJSON.",
    usage: "kwatch [OPTION…] RESOURCE[,RESOURCE…][/NAME] …", version: "kwatch \(Version.string)")

  @Argument(help: "A resource: pods, deploy, dnszones.example.com, apis/apps/v1/deployments, pods/NAME.")
  var resources: [String] = []

  @OptionGroup var place: PlaceOptions
  @OptionGroup var behaviour: BehaviourOptions
  @OptionGroup var format: FormatOptions

  mutating func validate() throws {
    guard !resources.isEmpty || place.listResources else {
      throw ValidationError("name a resource to watch, as in 'kwatch pods'")
    }
  }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    var configuration = WatchConfiguration()
    for operand in resources {
      // NAME holds no comma; a path may hold none either.
      for name in operand.split(separator: ",", omittingEmptySubsequences: false) {
        configuration.resources.append(try ResourceName(String(name)))
      }
    }
    try place.apply(to: &configuration)
    behaviour.apply(to: &configuration)
    format.apply(to: &configuration)
    let diagnostics = Diagnostics(
      tool: Self.tool, level: format.quiet ? .quiet : format.verbose ? .verbose : .normal)
    return try Engine(configuration, diagnostics: diagnostics, shutdown: shutdown).run()
  }
}
