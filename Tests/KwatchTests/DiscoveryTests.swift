// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import KwatchCore

@Suite struct DiscoveryTests {
  private func resolve(_ words: [String], version: String) throws -> ([Discovery.Resolution], [String]) {
    let names = try words.map { try ResourceName($0) }
    var discovery = Discovery(names)
    var asked: [String] = []
    var queue = discovery.start()
    while !queue.isEmpty {
      let path = queue.removeFirst()
      asked.append(path)
      let recording: String? =
        switch path {
        case "/api/v1": "\(version)/discovery-api"
        case "/apis": version == "v1.20" ? "v1.20/discovery-apis" : "v1.36/discovery-agg"
        default: nil
        }
      var body: [UInt8]? = try recording.map { try Wire.body($0) }
      if path == "/apis/apps/v1" {
        body = Array(
          #"{"kind":"APIResourceList","groupVersion":"apps/v1","resources":[{"name":"deployments","singularName":"deployment","namespaced":true,"kind":"Deployment","verbs":["list","watch"],"shortNames":["deploy"]},{"name":"deployments/status","kind":"Deployment","verbs":["get"]}]}"#
            .utf8)
      }
      queue += discovery.answer(
        path, body.map { .success($0) } ?? .failure(ScopeError(kind: .http(404), message: "404")))
    }
    #expect(discovery.isDone)
    return (names.map { discovery.resolve($0) }, asked)
  }

  @Test func asksOnceForCoreResources() throws {
    let (plurals, asked) = try resolve(["pods", "services"], version: "v1.36")
    #expect(asked == ["/api/v1"])
    #expect(Self.names(plurals) == ["pods", "services"])
    // A short name of the core group could be another group's plural.
    let (others, both) = try resolve(["po", "cm", "ConfigMap"], version: "v1.36")
    #expect(both == ["/api/v1", "/apis"])
    #expect(Self.names(others) == ["pods", "configmaps", "configmaps"])
    let (_, withoutAggregation) = try resolve(["po"], version: "v1.20")
    #expect(withoutAggregation == ["/api/v1", "/apis", "/apis/example.com/v1"])
  }

  private static func names(_ found: [Discovery.Resolution]) -> [String] {
    found.map { if case .found(let resource, _) = $0 { resource.qualifiedName } else { "" } }
  }

  /// Custom resources whose names collide, in the server's order.
  private static let colliding = """
    {"kind":"APIGroupDiscoveryList","items":[
    {"metadata":{"name":"a.example.test"},"versions":[{"version":"v1","resources":[
      {"resource":"widgets","singularResource":"widget","responseKind":{"kind":"Widget"},"scope":"Namespaced","shortNames":["wd","gadgets","limits"],"verbs":["list","watch"]}]}]},
    {"metadata":{"name":"z.example.test"},"versions":[{"version":"v1","resources":[
      {"resource":"gadgets","singularResource":"gadget","responseKind":{"kind":"Wd"},"scope":"Namespaced","verbs":["list","watch"]},
      {"resource":"limits","singularResource":"limit","responseKind":{"kind":"Limit"},"scope":"Namespaced","shortNames":["widget"],"verbs":["list","watch"]}]}]},
    {"metadata":{"name":"down.example.test"},"versions":[{"version":"v1beta1","freshness":"Stale"}]}]}
    """

  @Test(arguments: [
    ("gadgets", "gadgets.z.example.test", ["widgets.a.example.test"]),
    ("widget", "widgets.a.example.test", ["limits.z.example.test"]),
    ("wd", "widgets.a.example.test", ["gadgets.z.example.test"]),
    ("limits", "limits.z.example.test", ["limitranges", "widgets.a.example.test"]),
    ("limits.a.example.test", "widgets.a.example.test", []),
  ])
  func prefersPluralThenSingularThenShortNameThenKind(
    _ word: String, _ expected: String, _ others: [String]
  ) throws {
    var discovery = Discovery([try ResourceName(word)])
    var queue = discovery.start()
    while !queue.isEmpty {
      let path = queue.removeFirst()
      let body = path == "/apis" ? Array(Self.colliding.utf8) : try Wire.body("v1.36/discovery-api")
      queue += discovery.answer(path, .success(body))
    }
    guard case .found(let resource, let also) = discovery.resolve(try ResourceName(word)) else {
      Issue.record("\(word) is not found")
      return
    }
    #expect(resource.qualifiedName == expected)
    #expect(also.map(\.qualifiedName) == others)
  }

  /// A server before 1.27, whose own resources have no singular, and a custom resource that has.
  @Test(arguments: [("pod", "pods"), ("Pod", "pods"), ("pods", "pods"), ("pod.acme.test", "pods.acme.test")])
  func theKindIsTheSingularIfTheServerNamesNone(_ word: String, _ expected: String) throws {
    let custom = #"""
      {"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[{"metadata":{"name":"acme.test"},
      "versions":[{"version":"v1","resources":[{"resource":"pods","singularResource":"pod",
      "responseKind":{"kind":"Pod"},"scope":"Cluster","verbs":["list","watch"]}]}]}]}
      """#
    let name = try ResourceName(word)
    var discovery = Discovery([name])
    var queue = discovery.start()
    while !queue.isEmpty {
      let path = queue.removeFirst()
      let body = path == "/apis" ? Array(custom.utf8) : try Wire.body("v1.20/discovery-api")
      queue += discovery.answer(path, .success(body))
    }
    guard case .found(let resource, _) = discovery.resolve(name) else {
      Issue.record("\(word) is not found")
      return
    }
    #expect(resource.qualifiedName == expected)
  }

  @Test(arguments: ["configmaps.v1.", "configmaps.v1", "configmaps.", "cm.v1./one"])
  func acceptsKubectlsFullFormOfACoreResource(_ word: String) throws {
    let (found, _) = try resolve([word], version: "v1.36")
    guard case .found(let resource, _) = found[0] else {
      Issue.record("\(word) is not found")
      return
    }
    #expect(resource.qualifiedName == "configmaps")
  }

  @Test func knowsTheMembersOfACategory() throws {
    for version in ["v1.20", "v1.36"] {
      var discovery = Discovery([try ResourceName("all")], wantsAll: true)
      var queue = discovery.start()
      while !queue.isEmpty {
        let path = queue.removeFirst()
        let name = path == "/apis" ? "discovery-apis" : path == "/api/v1" ? "discovery-api" : nil
        let body = name.flatMap { try? Wire.body("\(version)/\($0)") }
        queue += discovery.answer(
          path, body.map(Result.success) ?? .failure(ScopeError(kind: .http(404), message: "")))
      }
      #expect(discovery.members(of: "all").contains("pods"), "\(version)")
      #expect(discovery.members(of: "pods").isEmpty)
    }
  }

  @Test(arguments: ["things.down.example.test", "things.v1beta1.down.example.test", "things"])
  func treatsADownAPIAsUnavailable(_ word: String) throws {
    let name = try ResourceName(word)
    var discovery = Discovery([name])
    var queue = discovery.start()
    while !queue.isEmpty {
      let path = queue.removeFirst()
      let body = path == "/apis" ? Array(Self.colliding.utf8) : Array(FakeAPIServer.core.utf8)
      queue += discovery.answer(path, .success(body))
    }
    guard case .missing(let failures) = discovery.resolve(name) else {
      Issue.record("found")
      return
    }
    #expect(failures.map(\.kind) == [.http(503)])
    #expect(failures.first?.message.contains("down.example.test/v1beta1") == true)
    #expect(discovery.resolve(try ResourceName("things.a.example.test")) == .missing([]))
  }

  @Test(arguments: ["v1.20", "v1.36"]) func findsResourcesWithAndWithoutAggregatedDiscovery(_ version: String)
    throws
  {
    for word in ["deploy", "deployments.apps", "deployments.v1.apps", "deployment.app"] {
      let (found, asked) = try resolve([word], version: version)
      guard case .found(let resource, _) = found[0] else {
        Issue.record("\(word) is not found: \(asked)")
        continue
      }
      #expect(resource.apiVersion == "apps/v1")
      #expect(resource.kind == "Deployment")
      #expect(resource.isNamespaced)
      #expect(resource.objectPrefix == "deployment.apps")
      #expect(resource.path(namespace: "ns") == "/apis/apps/v1/namespaces/ns/deployments")
      if version == "v1.36" { #expect(asked.count <= 2) }
    }
  }

  @Test func looksUpAPathOnly() throws {
    let (found, asked) = try resolve(["apis/apps/v1/namespaces/prod/deployments/web"], version: "v1.36")
    #expect(asked == ["/apis/apps/v1"])
    guard case .found = found[0] else {
      Issue.record("not found")
      return
    }
    let name = try ResourceName("/apis/apps/v1/namespaces/prod/deployments/web")
    #expect(name.namespace == "prod")
    #expect(name.object == "web")
  }

  @Test func namesMissingResources() throws {
    let (found, _) = try resolve(["nope", "pods.nope", "apis/apps/v1/x"], version: "v1.36")
    #expect(found.allSatisfy { $0 == .missing([]) })
  }

  @Test func trustsAPathWithoutDiscovery() throws {
    let (found, _) = try resolve(["apis/nope/v1/x"], version: "v1.36")
    #expect(
      found == [.found(APIResource(group: "nope", version: "v1", name: "x", verbs: ["list", "watch"]))])
  }

  struct Name: Sendable, CustomTestStringConvertible {
    var text: String
    var parts: [String?]
    var testDescription: String { text }
  }

  static let names = [
    Name(text: "Pods", parts: ["pods", nil, nil, nil, nil]),
    Name(text: "pods/web-0", parts: ["pods", nil, nil, nil, "web-0"]),
    Name(
      text: "dnszones.dns.networking.miloapis.com",
      parts: ["dnszones", "dns.networking.miloapis.com", nil, nil, nil]),
    Name(text: "deploy.v1.apps", parts: ["deploy", "apps", "v1", nil, nil]),
    Name(text: "pods.v1", parts: ["pods", "", "v1", nil, nil]),
    Name(text: "api/v1/pods", parts: ["pods", "", "v1", nil, nil]),
    Name(text: "clusterroles/a@example.test", parts: ["clusterroles", nil, nil, nil, "a@example.test"]),
    Name(text: "clusterroles/system:node", parts: ["clusterroles", nil, nil, nil, "system:node"]),
    Name(text: "apis/g.x/v1/r/with space+=(é)", parts: ["r", "g.x", "v1", nil, "with space+=(é)"]),
    Name(text: "api/v1/namespaces", parts: ["namespaces", "", "v1", nil, nil]),
    Name(text: "api/v1/namespaces/x", parts: ["namespaces", "", "v1", nil, "x"]),
    Name(text: "api/v1/namespaces/x/pods", parts: ["pods", "", "v1", "x", nil]),
    Name(
      text: "apis/dns.networking.miloapis.com/v1alpha1/dnszones",
      parts: ["dnszones", "dns.networking.miloapis.com", "v1alpha1", nil, nil]),
  ]

  @Test(arguments: names) func readsNames(_ name: Name) throws {
    let parsed = try ResourceName(name.text)
    #expect([parsed.resource, parsed.group, parsed.version, parsed.namespace, parsed.object] == name.parts)
  }

  @Test(arguments: [
    "", "/", "...", ".pods", "pods..", "pods/", "a/b/c", "apis/g/v1", "api/v1", "apis/g/v1/r/n/x",
    "apis/../v1/pods", "apis//v1/pods",
    "pods?x=1",
    "po ds", "pods/a%2fb", "pods/..", String(repeating: "a", count: 600), "pods\n",
  ])
  func refusesInvalidResourceNames(_ text: String) {
    #expect(throws: ResourceName.SyntaxError.self) { try ResourceName(text) }
  }

  @Test func escapesQueries() {
    let query = Query(labelSelector: "a in (b,c),d!=e", fieldSelector: "status.phase=Running", object: "web")
    #expect(
      query.text(.watch(resourceVersion: "7", timeoutSeconds: 300))
        == "?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=7"
        + "&fieldSelector=metadata.name%3Dweb%2Cstatus.phase%3DRunning&labelSelector=a%20in%20%28b%2Cc%29%2Cd%21%3De"
    )
    #expect(
      Query(object: "a,b=c\\d@e").text(.probe(resourceVersion: "1")).hasSuffix(
        "fieldSelector=metadata.name%3Da%5C%2Cb%5C%3Dc%5C%5Cd%40e"))
    #expect(
      Query().text(.streamingList(.mostRecent, timeoutSeconds: 5))
        == "?watch=true&allowWatchBookmarks=true&timeoutSeconds=5&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    )
    #expect(
      Query().text(.list(.exactly("7"), continuation: "", limit: nil))
        == "?resourceVersion=7&resourceVersionMatch=Exact")
  }
}
