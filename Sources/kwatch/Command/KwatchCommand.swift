// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Command
import KwatchCore
import Process

@main struct KwatchCommand: ToolCommand {
  static let tool = "kwatch"

  static let configuration = CommandConfiguration(
    commandName: "kwatch",
    abstract: "List Kubernetes resources and watch them without losing a change.",
    usage: "kwatch [<options>] <resource>[,<resource>][/<name>] ...",
    discussion: """
      Prints each object that exists, then each change, as one line of JSON: {"type":"ADDED","object":{…}}. It runs until \
      it is stopped, through time-outs, server restarts and expired versions. Most flags are those of kubectl.

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
  @OptionGroup(title: "How to watch") var behaviour: BehaviourOptions
  @OptionGroup(title: "Output") var format: FormatOptions
  @OptionGroup(title: "Log") var log: LogOptions

  mutating func validate() throws {
    guard !resources.isEmpty || place.listResources else {
      throw ValidationError("name a resource to watch, as in 'kwatch pods'")
    }
    if let problem = Self.commandOfKubectl(resources) { throw ValidationError(problem) }
  }

  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus {
    var configuration = WatchConfiguration()
    for operand in resources {
      // Names of objects and paths contain no comma.
      for name in operand.split(separator: ",", omittingEmptySubsequences: false) {
        configuration.resources.append(try ResourceName(String(name)))
      }
    }
    try place.apply(to: &configuration)
    behaviour.apply(to: &configuration)
    format.apply(to: &configuration)
    let diagnostics = Diagnostics(tool: Self.tool, level: log.level)
    let engine = try Engine(configuration, diagnostics: diagnostics, shutdown: shutdown)
    // Never released: the process ends now, and to free what is known of 400,000 objects would take seconds.
    return unsafe try Unmanaged.passRetained(engine).takeUnretainedValue().run()
  }
}
