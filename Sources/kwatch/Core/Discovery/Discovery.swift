// SPDX-License-Identifier: Apache-2.0

/// Finds out what the named resources are, with as few requests as that takes: core resources one, others two;
/// where the server has no aggregated discovery, one for each version of each group.
///
/// A pure state machine: it says what to get, and is given what came.
struct Discovery {
  static let core = "/api/v1"
  static let all = "/apis"
  /// Aggregated discovery, its beta of 1.26 too; else the plain list of groups.
  static let accept = [
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList", "application/json",
  ].joined(separator: ",")

  enum Resolution: Equatable {
    case found(APIResource)
    /// The server has no such thing; which requests failed with something else than 404.
    case missing([ScopeFailure])
  }

  private let names: [ResourceName]
  private let wantsAll: Bool
  private var asked: [String] = []
  private var open: Set<String> = []
  /// By path, so that the order is the server's and not that of the answers.
  private var resources: [String: [APIResource]] = [:]
  private var failures: [ScopeFailure] = []

  init(_ names: [ResourceName], wantsAll: Bool = false) {
    self.names = names
    self.wantsAll = wantsAll
  }

  var isDone: Bool { open.isEmpty && !asked.isEmpty }

  /// All resources, in the server's order.
  var found: [APIResource] { asked.flatMap { resources[$0] ?? [] } }

  /// The paths to get first.
  mutating func start() -> [String] {
    var paths: [String] = []
    for name in names where name.isPath || name.group == "" { paths.append(document(of: name)) }
    if wantsAll || names.contains(where: { !$0.isPath && $0.group == nil }) { paths.append(Self.core) }
    if wantsAll || names.contains(where: { !$0.isPath && $0.group?.isEmpty == false }) {
      paths.append(Self.all)
    }
    return ask(paths)
  }

  /// What to get next, now that `path` was answered.
  mutating func answer(_ path: String, _ result: Result<[UInt8], ScopeFailure>) -> [String] {
    open.remove(path)
    switch result {
    case .failure(let failure):
      if failure.kind != .http(404) { failures.append(failure) }
    case .success(let text):
      switch DiscoveryAnswer(text) {
      case .resources(let found): resources[path] = found
      case .groups(let groups):
        return ask(
          groups.flatMap { group in
            // An explicit group saves the others; a plain name may be anywhere.
            wants(group.name) ? group.versions.map { "/apis/\(group.name)/\($0)" } : []
          })
      case nil:
        failures.append(
          ScopeFailure(kind: .garbage, message: "GET \(path): the answer is no discovery document"))
      }
    }
    guard open.isEmpty, !asked.contains(Self.all) else { return [] }
    let isUnresolved = names.contains { name in
      guard !name.isPath, name.group == nil else { return false }
      if case .missing = resolve(name) { return true }
      return false
    }
    return isUnresolved ? ask([Self.all]) : []
  }

  func resolve(_ name: ResourceName) -> Resolution {
    let candidates = found.filter { resource in
      guard name.version == nil || name.version == resource.version else { return false }
      return name.isPath
        ? resource.name == name.resource && resource.group == name.group : resource.answers(to: name.resource)
    }
    var match = candidates.first
    if !name.isPath, let group = name.group {
      // kubectl's rule: a group may be cut short (`deployments.app`), but the whole one goes first.
      match =
        candidates.first { $0.group == group }
        ?? candidates.first { !group.isEmpty && $0.group.hasPrefix(group) }
    }
    if let match { return .found(match) }
    // A path says it all but for the kind. Where discovery is not allowed, or not there, as with servers that
    // serve nothing but watches (wfanout is one), the list itself has the last word.
    if name.isPath, resources[document(of: name)] == nil, failures.allSatisfy({ $0.kind == .http(403) }) {
      return .found(
        APIResource(
          group: name.group ?? "", version: name.version ?? "v1", name: name.resource,
          verbs: ["list", "watch"]))
    }
    return .missing(failures)
  }

  /// The path of what tells about all resources of one group and version.
  private func document(of name: ResourceName) -> String {
    let group = name.group ?? ""
    let version = name.version ?? "v1"
    return group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
  }

  private func wants(_ group: String) -> Bool {
    wantsAll || names.contains { !$0.isPath && ($0.group == nil || group.hasPrefix($0.group ?? "")) }
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
