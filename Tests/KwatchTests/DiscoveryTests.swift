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
        path, body.map { .success($0) } ?? .failure(ScopeFailure(kind: .http(404), message: "404")))
    }
    #expect(discovery.isDone)
    return (names.map { discovery.resolve($0) }, asked)
  }

  @Test func asksOnceForCoreResources() throws {
    let (found, asked) = try resolve(["pods", "po", "cm", "ConfigMap", "services"], version: "v1.36")
    #expect(asked == ["/api/v1"])
    let names = found.map { if case .found(let resource) = $0 { resource.name } else { "" } }
    #expect(names == ["pods", "pods", "configmaps", "configmaps", "services"])
  }

  @Test(arguments: ["v1.20", "v1.36"]) func findsOthersByAggregationOrWithout(_ version: String) throws {
    for word in ["deploy", "deployments.apps", "deployments.v1.apps", "deployment.app"] {
      let (found, asked) = try resolve([word], version: version)
      guard case .found(let resource) = found[0] else {
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

  @Test func asksAPathOnly() throws {
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

  @Test func saysWhatIsMissing() throws {
    let (found, _) = try resolve(["nope", "pods.nope", "apis/apps/v1/x"], version: "v1.36")
    #expect(found.allSatisfy { $0 == .missing([]) })
  }

  @Test func trustsAPathWhereThereIsNoDiscovery() throws {
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
  func refusesWhatCanBeNoResource(_ text: String) {
    #expect(throws: ResourceName.Fault.self) { try ResourceName(text) }
  }

  @Test func escapesQueries() {
    let query = Query(labelSelector: "a in (b,c),d!=e", fieldSelector: "status.phase=Running", object: "web")
    #expect(
      query.text(.watch(resourceVersion: "7", initialEvents: false, timeoutSeconds: 300))
        == "?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=7"
        + "&fieldSelector=metadata.name%3Dweb%2Cstatus.phase%3DRunning&labelSelector=a%20in%20%28b%2Cc%29%2Cd%21%3De"
    )
    #expect(
      Query().text(.watch(resourceVersion: "", initialEvents: true, timeoutSeconds: 5))
        == "?watch=true&allowWatchBookmarks=true&timeoutSeconds=5&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    )
    #expect(
      Query().text(.list(resourceVersion: "7", continuation: "", limit: nil))
        == "?resourceVersion=7&resourceVersionMatch=Exact")
  }
}
