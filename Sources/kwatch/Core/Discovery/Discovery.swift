// SPDX-License-Identifier: Apache-2.0

/// Finds the named resources on a server, with as few requests as that takes: one for a core resource's plural, two
/// for others; without aggregated discovery, one for each version of each group.
///
/// A pure state machine: it returns the paths to request, and receives the responses.
struct Discovery {
  static let core = "/api/v1"
  static let all = "/apis"
  /// Aggregated discovery, including the beta of 1.26; otherwise the plain list of groups.
  static let accept = [
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList", "application/json",
  ].joined(separator: ",")

  enum Resolution: Equatable {
    /// `others`: resources of other groups that have the name, too.
    case found(APIResource, others: [APIResource] = [])
    /// The server has no such resource. The associated value has the requests that failed with another error
    /// than 404.
    case missing([ScopeError])
  }

  private let names: [ResourceName]
  private let wantsAll: Bool
  /// The cluster, for messages.
  private let place: String
  private var asked: [String] = []
  private var open: Set<String> = []
  /// By path, so that the order is the server's and not that of the responses.
  private var resources: [String: [APIResource]] = [:]
  private var failures: [ScopeError] = []
  /// Groups with a version that the server knows but cannot describe now.
  private var unavailable: [(group: String, version: String)] = []

  init(_ names: [ResourceName], wantsAll: Bool = false, place: String = "") {
    self.names = names
    self.wantsAll = wantsAll
    self.place = place
  }

  var isDone: Bool { open.isEmpty && !asked.isEmpty }

  /// All resources, in the server's order.
  var found: [APIResource] { asked.flatMap { resources[$0] ?? [] } }

  /// Messages about the APIs whose resources could not be listed.
  var gaps: [String] {
    failures.map(\.message)
      + unavailable.map { "the API \($0.group)/\($0.version) \(Self.isDown) (\(place))" }
  }

  private static let isDown = "is unavailable, because the server behind it does not answer"

  /// The paths to request first.
  mutating func start() -> [String] {
    var paths: [String] = []
    for name in names where name.isPath || name.group == "" { paths.append(document(of: name)) }
    if wantsAll || names.contains(where: { !$0.isPath && $0.group == nil }) { paths.append(Self.core) }
    if wantsAll || names.contains(where: { !$0.isPath && $0.group?.isEmpty == false }) {
      paths.append(Self.all)
    }
    return ask(paths)
  }

  /// The paths to request after the response for `path`.
  mutating func answer(_ path: String, _ result: Result<[UInt8], ScopeError>) -> [String] {
    open.remove(path)
    switch result {
    case .failure(let failure):
      if failure.kind != .http(404) { failures.append(failure) }
    case .success(let text):
      switch DiscoveryAnswer(text) {
      case .resources(let found, let unavailable):
        resources[path] = found
        self.unavailable += unavailable
      case .groups(let groups):
        return ask(
          groups.flatMap { group in
            // With an explicit group the others need no request. A plain name may be in any group.
            wants(group.name) ? group.versions.map { "/apis/\(group.name)/\($0)" } : []
          })
      case nil:
        let beginning = String(decoding: text.prefix(40), as: UTF8.self).prefix { !$0.isNewline }
        failures.append(
          ScopeError(
            kind: .garbage,
            message: "GET \(path) (\(place)): the response is not a discovery document, but '\(beginning)…': "
              + "is this the address of a Kubernetes API?"))
      }
    }
    guard open.isEmpty, !asked.contains(Self.all) else { return [] }
    // The plural of a core resource ranks first. The plural of another group's resource ranks before the
    // short name of a core resource.
    let isOpen = names.contains { name in
      guard !name.isPath, name.group == nil else { return false }
      guard case .found(let resource, _) = resolve(name) else { return true }
      return resource.rank(of: name.resource) != 0
    }
    return isOpen ? ask([Self.all]) : []
  }

  func resolve(_ name: ResourceName) -> Resolution {
    if name.isPath { return resolvePath(name) }
    var candidates: [(resource: APIResource, rank: Int)] = found.compactMap { resource in
      guard name.version == nil || name.version == resource.version,
        let rank = resource.rank(of: name.resource)
      else { return nil }
      return (resource, rank)
    }
    if let group = name.group {
      // kubectl's rule: a group may be cut short (`deployments.app`), but the whole one goes first.
      let exact = candidates.filter { $0.resource.group == group }
      candidates =
        exact.isEmpty && !group.isEmpty
        ? candidates.filter { $0.resource.group.hasPrefix(group) } : exact
    }
    // Among equal ranks the first wins, in the server's order of preference.
    guard let best = candidates.map(\.rank).min(),
      let match = candidates.first(where: { $0.rank == best })?.resource
    else {
      return .missing(failures + unavailableFailures(name))
    }
    var others: [APIResource] = []
    for (other, _) in candidates where other.group != match.group && !(other.isBuiltIn && match.isBuiltIn) {
      if !others.contains(where: { $0.qualifiedName == other.qualifiedName }) { others.append(other) }
    }
    return .found(match, others: others)
  }

  /// The resources of a category, by their full names.
  func members(of category: String) -> [String] {
    var names: [String] = []
    for resource in found where resource.categories.contains(category) {
      if !names.contains(resource.qualifiedName) { names.append(resource.qualifiedName) }
    }
    return names
  }

  /// A path determines everything except the kind. If discovery is forbidden or missing, as on servers that
  /// serve only watches (such as wfanout), the list itself decides.
  private func resolvePath(_ name: ResourceName) -> Resolution {
    let match = found.first {
      $0.name == name.resource && $0.group == name.group && (name.version ?? $0.version) == $0.version
    }
    if let match { return .found(match) }
    guard resources[document(of: name)] == nil, failures.allSatisfy({ $0.kind == .http(403) }) else {
      return .missing(failures)
    }
    return .found(
      APIResource(
        group: name.group ?? "", version: name.version ?? "v1", name: name.resource, verbs: ["list", "watch"])
    )
  }

  /// An aggregated API whose server is down may have the resource.
  private func unavailableFailures(_ name: ResourceName) -> [ScopeError] {
    unavailable.filter { name.group.map($0.group.hasPrefix) ?? true }.map { group, version in
      ScopeError(
        kind: .http(503),
        message: "resource '\(name.text)': the API \(group)/\(version) \(Self.isDown)")
    }
  }

  /// The path of the document that lists all resources of one group and version.
  private func document(of name: ResourceName) -> String {
    let group = name.group ?? ""
    let version = name.version ?? "v1"
    return group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
  }

  private func wants(_ group: String) -> Bool {
    wantsAll
      || names.contains { name in
        guard !name.isPath else { return false }
        if let prefix = name.group { return group.hasPrefix(prefix) }
        // Only a custom resource may be preferred to a core resource. The names of Kubernetes' own resources
        // do not overlap.
        if case .found = resolve(name) { return !APIResource.isBuiltIn(group: group) }
        return true
      }
  }

  private mutating func ask(_ paths: [String]) -> [String] {
    var fresh: [String] = []
    for path in paths where !asked.contains(path) {
      asked.append(path)
      open.insert(path)
      fresh.append(path)
    }
    return fresh
  }
}
