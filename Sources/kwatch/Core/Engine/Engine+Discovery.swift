// SPDX-License-Identifier: Apache-2.0
import Events
import Lines
import Process

/// Starts the runners for the names that discovery has resolved.
extension Engine {
  func resolved(
    _ cluster: ClusterRunner, _ verdicts: [(ResourceName, ClusterRunner.Verdict)], _ found: [APIResource]
  ) {
    if let scope = cluster.moved { return move(scope, verdicts) }
    if configuration.listsResources { return printResources(cluster, found) }
    // One failure of discovery concerns every name that waits for it.
    var reported: Set<String> = []
    // A whole resource before single objects of it, which it includes.
    for (name, verdict) in verdicts.filter({ $0.0.object == nil }) + verdicts.filter({ $0.0.object != nil }) {
      switch verdict {
      case .found(let resource, let others):
        warn(name, resource, others)
        start(cluster.link, name, resource)
      case .final(let status, let reason, let message):
        endings.fail(status, message, diagnostics)
        reporter.report(cluster.link, name, .unhealthy, reason)
      case .later(let message, let reason):
        if cluster.isWorthReporting, reported.insert(message).inserted {
          diagnostics.warning("\(message); trying again")
        }
        reporter.report(cluster.link, name, cluster.attempts > 3 ? .unhealthy : .degraded, reason)
        if let limit = configuration.scope.retryLimit, cluster.attempts > limit {
          endings.fail(.unavailable, message, diagnostics)
          cluster.abandon()
        }
      }
    }
  }

  private func warn(_ name: ResourceName, _ resource: APIResource, _ others: [APIResource]) {
    guard !others.isEmpty else { return }
    diagnostics.warning(
      "'\(name.text)' is \(resource.qualifiedName); it could also mean "
        + "\(others.map(\.qualifiedName).joined(separator: ", ")): use the full name of the resource that you mean"
    )
  }

  /// The same resource in another version or scope, but not a resource of another group with the same name.
  private func move(_ scope: ScopeRunner, _ verdicts: [(ResourceName, ClusterRunner.Verdict)]) {
    guard case .found(let found, _)? = verdicts.first?.1, found.qualifiedName == scope.resource.qualifiedName,
      found.path(namespace: scope.namespace) != scope.resource.path(namespace: scope.namespace)
        || found.isNamespaced != scope.resource.isNamespaced
    else { return }
    guard scope.namespace == nil else { return scope.move(to: found, namespace: scope.namespace) }
    // It may have namespaces now, and only those that were named are to be watched.
    let places = namespaces(scope.link, scope.name, found)
    scope.move(to: found, namespace: places.first.flatMap(\.self))
    for place in places.dropFirst() where isNew(scope.link, scope.name, found, place) {
      start(scope.link, scope.name, found, place, scope.query)
    }
  }

  private func printResources(_ cluster: ClusterRunner, _ found: [APIResource]) {
    guard !found.isEmpty else {
      endings.fail(.unavailable, "the server lists no resources (\(cluster.link.label))", diagnostics)
      return cluster.abandon()
    }
    do throws(OutputError) {
      for resource in found where resource.mode != "none" { try output.append(resource.line) }
    } catch { fail(error) }
    for gap in cluster.gaps {
      endings.fail(.unavailable, "resources are missing in this list: \(gap)", diagnostics)
    }
  }

  // MARK: - Starting

  private func start(_ link: ClusterLink, _ name: ResourceName, _ resource: APIResource) {
    guard !configuration.printsSchema else {
      guard isNew(link, name, resource, nil) else { return }
      if let object = name.object {
        diagnostics.warning(
          "--schema: '\(object)' is taken for the name of an object, and this is the schema of "
            + "\(resource.qualifiedName); kwatch prints none for a sub-resource")
      }
      let schema = SchemaRunner(
        link, resource, output: output, retryLimit: configuration.scope.retryLimit, host: self)
      schemas.append(schema)
      return schema.start()
    }
    let query = Query(
      labelSelector: configuration.labelSelector, fieldSelector: configuration.fieldSelector,
      object: name.object, includesObjects: configuration.output.format.isTable && resource.isEvents)
    if configuration.usageInterval != nil, resource.group != UsageRunner.group,
      UsageRunner.usage(of: resource) == nil
    {
      diagnostics.warning("--usage: only pods and nodes have samples, not \(resource.qualifiedName)")
    }
    for namespace in namespaces(link, name, resource) where isNew(link, name, resource, namespace) {
      if resource.group == UsageRunner.group, configuration.output.format == .json {
        usages.append(usage(link, resource, namespace, query, standsAlone: true))
        continue
      }
      start(link, name, resource, namespace, query)
      guard configuration.usageInterval != nil, !configuration.scope.isSnapshot,
        let measured = UsageRunner.usage(of: resource)
      else { continue }
      let query = Query(labelSelector: configuration.labelSelector, object: name.object)
      usages.append(usage(link, measured, namespace, query, standsAlone: false))
    }
  }

  /// Whether nothing has named this scope before (`cm,configmaps`, `cm,cm/a`, `-n a,a`); if it has, a warning is logged.
  private func isNew(
    _ link: ClusterLink, _ name: ResourceName, _ resource: APIResource, _ namespace: String?
  ) -> Bool {
    let object = name.object.map { "/\($0)" } ?? ""
    let whole = "\(link.name) \(resource.path(namespace: namespace))"
    let isIncluded = name.object != nil && timesNamed[whole] != nil
    let times = timesNamed[whole + object, default: isIncluded ? 1 : 0] + 1
    timesNamed[whole + object] = times
    if times == 2 {
      let place = namespace.map { " in \($0)" } ?? ""
      diagnostics.warning("\(resource.qualifiedName)\(object)\(place) is named twice, and is printed once")
    }
    return times == 1
  }

  private func start(
    _ link: ClusterLink, _ name: ResourceName, _ resource: APIResource, _ namespace: String?, _ query: Query
  ) {
    var settings = configuration.scope
    settings.canWatch = resource.verbs.contains("watch") || resource.verbs.isEmpty
    if configuration.output.format.isTable {
      // A Table hides the marker of the end in one of its rows.
      settings.allowsStreamingList = false
      // Events are sorted by time, which needs all of them.
      if resource.isEvents { (settings.firstPageLimit, settings.pageLimit) = (10_000, 10_000) }
    }
    let scope = ScopeRunner(
      link: link, name: name, resource: resource, namespace: namespace, query: query, settings: settings,
      output: output, options: configuration.output, screen: screen, diagnostics: diagnostics, host: self)
    saver?.restore(scope)
    scopes.append(scope)
    report(scope, scope.machine.health)
    scope.handle(.start)
  }

  /// nil: all of them, or a resource without namespaces.
  private func namespaces(_ link: ClusterLink, _ name: ResourceName, _ resource: APIResource) -> [String?] {
    if !resource.isNamespaced || configuration.isAllNamespaces { return [nil] }
    if let namespace = name.namespace { return [namespace] }
    return configuration.namespaces.isEmpty ? [link.target.namespace] : configuration.namespaces
  }

  private func usage(
    _ link: ClusterLink, _ resource: APIResource, _ namespace: String?, _ query: Query, standsAlone: Bool
  ) -> UsageRunner {
    UsageRunner(
      link, resource, namespace: namespace, query: query,
      interval: configuration.usageInterval ?? configuration.scope.pollInterval, standsAlone: standsAlone,
      isSnapshot: configuration.scope.isSnapshot, retryLimit: configuration.scope.retryLimit, output: output,
      options: configuration.output, diagnostics: diagnostics, host: self)
  }
}
