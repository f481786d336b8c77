// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import KwatchCore
import Selectors

/// Which objects to follow, on which clusters, as which user: kubectl's names for flags that kubectl has.
struct PlaceOptions: ParsableArguments {
  @Option(
    name: [.customShort("n", allowingJoined: true), .long],
    help: ArgumentHelp(
      "The namespace; several separated by commas (default: that of the context).", valueName: "namespace"))
  var namespace: [String] = []

  @Flag(name: [.customShort("A"), .long], help: "All namespaces.")
  var allNamespaces = false

  @Option(
    name: [.customShort("l", allowingJoined: true), .long],
    help: ArgumentHelp("Only objects with these labels, such as app=web,tier!=cache.", valueName: "selector"))
  var selector = ""

  @Option(
    help: ArgumentHelp(
      "Only objects whose fields have these values, such as status.phase=Running.", valueName: "selector")
  )
  var fieldSelector = ""

  @Option(
    help: ArgumentHelp(
      "A context of the kubeconfig. Repeatable (default: the current one).",
      valueName: "context"))
  var context: [String] = []

  @Option(
    help: ArgumentHelp(
      "The kubeconfig (default: the files of KUBECONFIG, else ~/.kube/config, else in-cluster).",
      valueName: "file"), completion: .file())
  var kubeconfig: String?

  @Option(
    name: [.customShort("s", allowingJoined: true), .long],
    help: ArgumentHelp("URL of the API server, instead of the one in the kubeconfig.", valueName: "url"))
  var server = ""

  @Option(
    help: ArgumentHelp(
      "Read the bearer token from this file, instead of using the kubeconfig's credentials.",
      valueName: "file"),
    completion: .file())
  var tokenFile = ""

  @Option(name: .customLong("as"), help: ArgumentHelp("Impersonate this user.", valueName: "user"))
  var impersonatedUser = ""

  @Option(
    name: .customLong("as-group"),
    help: ArgumentHelp("Impersonate this group. Repeatable.", valueName: "group"))
  var impersonatedGroups: [String] = []

  @Option(
    name: .customLong("proxy-url"),
    help: ArgumentHelp("Reach the server through this proxy: http, https or socks5.", valueName: "url"))
  var proxyURL = ""

  @Option(
    help: ArgumentHelp(
      "Prefix of all request paths, for a gateway or an aggregated control plane.", valueName: "path"))
  var pathPrefix = ""

  @Flag(help: "Print the server's resources, one line each, then exit.")
  var listResources = false

  @Flag(help: "Print the OpenAPI schema of the resource, for 'wfilter --schema', then exit.")
  var schema = false

  func apply(to configuration: inout WatchConfiguration) throws {
    guard !allNamespaces || namespace.isEmpty else {
      throw ValidationError("-n and -A cannot be used together")
    }
    configuration.namespaces = namespace.flatMap { $0.split(separator: ",").map(String.init) }
    for name in configuration.namespaces {
      guard !name.isEmpty, name.utf8.count <= 63,
        name.utf8.allSatisfy({
          $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0)
        })
      else { throw ValidationError("'\(name)' is not the name of a namespace") }
    }
    configuration.isAllNamespaces = allNamespaces
    do {
      _ = try LabelSelector(parsing: selector)
    } catch { throw ValidationError("-l '\(selector)': \(error)") }
    do {
      _ = try FieldSelector(parsing: fieldSelector)
    } catch { throw ValidationError("--field-selector '\(fieldSelector)': \(error)") }
    configuration.labelSelector = selector
    configuration.fieldSelector = fieldSelector
    configuration.contexts = context.flatMap { $0.split(separator: ",").map(String.init) }
    configuration.kubeconfig = kubeconfig
    configuration.overrides.server = server
    configuration.overrides.tokenFile = tokenFile
    configuration.overrides.impersonatedUser = impersonatedUser
    configuration.overrides.impersonatedGroups = impersonatedGroups
    configuration.proxyURL = proxyURL
    configuration.listsResources = listResources
    configuration.printsSchema = schema
    guard !pathPrefix.isEmpty else { return }
    var prefix = pathPrefix.hasPrefix("/") ? pathPrefix : "/" + pathPrefix
    while prefix.hasSuffix("/") { prefix.removeLast() }
    let isPlain = prefix.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !Array("?#\\".utf8).contains($0) }
    guard isPlain, !prefix.split(separator: "/").contains("..") else {
      throw ValidationError("--path-prefix '\(pathPrefix)' is not a path")
    }
    configuration.pathPrefix = prefix
  }
}
