import ArgumentParser
// SPDX-License-Identifier: Apache-2.0
import KwatchCore

/// Where to watch, as whom, and which objects: kubectl's names where kubectl has one.
struct PlaceOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "The namespace; several with commas. Default: the context's.")
  var namespace: [String] = []

  @Flag(name: [.customShort("A"), .long], help: "All namespaces.")
  var allNamespaces = false

  @Option(name: [.customShort("l"), .long], help: "A label selector: app=web,tier!=cache.")
  var selector = ""

  @Option(help: "A field selector: status.phase=Running.")
  var fieldSelector = ""

  @Option(help: "A context of the kubeconfig; may be given several times. Default: the current one.")
  var context: [String] = []

  @Option(
    help: "The kubeconfig. Default: the files of KUBECONFIG, else ~/.kube/config, else in-cluster.",
    completion: .file())
  var kubeconfig: String?

  @Option(name: .customLong("as"), help: "The user to impersonate; groups are the kubeconfig's.")
  var impersonatedUser = ""

  @Option(name: .customLong("proxy-url"), help: "The proxy to the server: http, https or socks5.")
  var proxyURL = ""

  @Option(help: "What is put in front of every path, for aggregated control planes.")
  var pathPrefix = ""

  @Flag(help: "Print what the server has and how it can be followed, one line each, and end.")
  var listResources = false

  func apply(to configuration: inout WatchConfiguration) throws {
    guard !allNamespaces || namespace.isEmpty else {
      throw ValidationError("-n and -A exclude each other")
    }
    configuration.namespaces = namespace.flatMap { $0.split(separator: ",").map(String.init) }
    for name in configuration.namespaces {
      guard !name.isEmpty, name.utf8.count <= 63,
        name.utf8.allSatisfy({
          $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0)
        })
      else { throw ValidationError("'\(name)' is no name of a namespace") }
    }
    configuration.isAllNamespaces = allNamespaces
    configuration.labelSelector = selector
    configuration.fieldSelector = fieldSelector
    configuration.contexts = context.flatMap { $0.split(separator: ",").map(String.init) }
    configuration.kubeconfig = kubeconfig
    configuration.impersonatedUser = impersonatedUser
    configuration.proxyURL = proxyURL
    configuration.listsResources = listResources
    guard !pathPrefix.isEmpty else { return }
    var prefix = pathPrefix.hasPrefix("/") ? pathPrefix : "/" + pathPrefix
    while prefix.hasSuffix("/") { prefix.removeLast() }
    let isPlain = prefix.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !Array("?#\\".utf8).contains($0) }
    guard isPlain, !prefix.split(separator: "/").contains("..") else {
      throw ValidationError("--path-prefix '\(pathPrefix)' is no path")
    }
    configuration.pathPrefix = prefix
  }
}
