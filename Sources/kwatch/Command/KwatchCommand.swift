// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Command
import KwatchCore
import Process

@main struct KwatchCommand: ToolCommand {
  static let tool = "kwatch"

  static let configuration = CommandConfiguration(
    commandName: "kwatch",
    abstract: "List and watch Kubernetes resources, and keep watching, as NDJSON.",
    usage: "kwatch [<options>] <resource>[,<resource>][/<name>] ...",
    discussion: """
      Prints each object that exists, then each change, as one JSON line: {"type":"ADDED","object":{…}}. After any \
      interruption it continues without losing a change.

      EXAMPLES:
        kwatch pods -A                        all pods, as JSON lines
        kwatch deploy,sts -n prod -o table    two resources, as a table for people
        kwatch dnszones.example.com/shop      one custom resource
        kwatch events --until-now --state f   events that are new since the last run
      """,
    version: "kwatch \(Version.string)")

  @Argument(
    help: ArgumentHelp(
      "A resource, such as pods, deploy, dnszones.example.com, apis/apps/v1/deployments or pods/NAME.",
      valueName: "resource"))
  var resources: [String] = []

  @OptionGroup(title: "Objects and clusters") var place: PlaceOptions
  @OptionGroup(title: "Following") var behaviour: BehaviourOptions
  @OptionGroup(title: "Output") var format: FormatOptions
  @OptionGroup(title: "Log") var log: LogOptions

  mutating func validate() throws {
    guard !resources.isEmpty || place.listResources else {
      throw ValidationError("name a resource to watch, as in 'kwatch pods'")
    }
    // A verb of kubectl's in front of a resource; alone it may be one.
    if let verb = resources.first, resources.count > 1, ["get", "watch", "list", "describe"].contains(verb) {
      throw ValidationError(
        "kwatch has no command '\(verb)': write 'kwatch \(resources.dropFirst().joined(separator: " "))'")
    }
    if resources.count > 1, resources.first == "logs" {
      throw ValidationError("kwatch does not print logs: use 'kubectl logs \(resources[1])'")
    }
  }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    var configuration = WatchConfiguration()
    for operand in resources {
      // Neither the name of an object nor a path has a comma in it.
      for name in operand.split(separator: ",", omittingEmptySubsequences: false) {
        configuration.resources.append(try ResourceName(String(name)))
      }
    }
    try place.apply(to: &configuration)
    behaviour.apply(to: &configuration)
    format.apply(to: &configuration)
    let diagnostics = Diagnostics(tool: Self.tool, level: log.level)
    return try Engine(configuration, diagnostics: diagnostics, shutdown: shutdown).run()
  }
}
