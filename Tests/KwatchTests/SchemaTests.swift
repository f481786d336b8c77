// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import KwatchCore

/// `--schema`: a resource's schema, from a server's OpenAPI document.
@Suite(.timeLimit(.minutes(15))) struct SchemaTests {
  private static let zone = APIResource(
    group: "dns.example.test", version: "v1alpha1", name: "dnszones", kind: "DNSZone")

  private static let zoneSchema =
    ##""test.example.DNSZone":{"type":"object","x-kubernetes-group-version-kind":[{"group":"dns.example.test","kind":"DNSZone","version":"v1alpha1"}],"properties":{"metadata":{"allOf":[{"$ref":"#/components/schemas/meta.ObjectMeta"}]},"spec":{"type":"object","properties":{"ttl":{"type":"integer","enum":[1.50,2]},"self":{"$ref":"#/components/schemas/test.example.DNSZone"}}}}}"##
  private static let others =
    ##""meta.ObjectMeta":{"type":"object","properties":{"times":{"type":"array","items":{"$ref":"#/components/schemas/meta.Time"}}}},"meta.Time":{"type":"string"},"test.example.DNSZoneList":{"type":"object"}"##
  private static let document =
    ##"{"openapi":"3.0.0","info":{"title":"t"},"paths":{"/x":{"$ref":"#/components/schemas/test.example.DNSZoneList"}},"components":{"schemas":{\##(others),\##(zoneSchema)}}}"##
  private static let expected =
    ##"{"openapi":"3.0.0","x-schema":"test.example.DNSZone","x-kubernetes-group-version-kind":{"group":"dns.example.test","version":"v1alpha1","kind":"DNSZone"},"components":{"schemas":{"meta.ObjectMeta":{"type":"object","properties":{"times":{"type":"array","items":{"$ref":"#/components/schemas/meta.Time"}}}},"meta.Time":{"type":"string"},\##(zoneSchema)}}}"##

  @Test func keepsAResourceAndItsReferences() throws {
    #expect(try SchemaDocument(Array(Self.document.utf8)).extract(Self.zone).map(text) == Self.expected)
    var other = Self.zone
    other.kind = "Other"
    #expect(try SchemaDocument(Array(Self.document.utf8)).extract(other) == nil)
  }

  @Test func readsTheOlderFormAndSchemasInParts() throws {
    let old = Self.document
      .replacing(#""components":{"schemas":{"#, with: #""swagger":"2.0","definitions":{"#)
      .replacing("#/components/schemas/", with: "#/definitions/")
    let definitions = String(old.dropLast())
    #expect(try SchemaDocument(Array(definitions.utf8)).extract(Self.zone).map(text) == Self.expected)

    let parts = Self.document
      .replacing(
        #"{"type":"string"}"#,
        with: #"{"ArbitraryKeys":{},"SchemaProps":{"type":"string"},"SwaggerSchemaProps":{}}"#)
    #expect(try SchemaDocument(Array(parts.utf8)).extract(Self.zone).map(text) == Self.expected)
  }

  @Test(arguments: ["", "[]", "{", #"{"components":"#, #"{"components":{"schemas":{"a":{"$ref":}}}}"#])
  func refusesWhatIsNotADocument(_ bad: String) {
    let found = try? SchemaDocument(Array(bad.utf8)).extract(Self.zone)
    #expect((found ?? nil) == nil)
  }

  /// Responses of a real server, if they exist beside the checkout.
  @Test func cutsARealServersDocumentDown() throws {
    guard let folder = ProcessInfo.processInfo.environment["KWATCH_OPENAPI"] else {
      notTested("recorded OpenAPI documents", because: "KWATCH_OPENAPI is not the folder that has them")
      return
    }
    for (file, resource) in [
      ("api_v1", APIResource(group: "", version: "v1", name: "pods", kind: "Pod")),
      ("apis_apps_v1", APIResource(group: "apps", version: "v1", name: "deployments", kind: "Deployment")),
      ("apis_dns.example.test_v1alpha1", Self.zone),
    ] {
      let unpacked = try Tool.shell("zcat '\(folder)/\(file).json.gz'").waitForEnd()
      let found = try #require(try SchemaDocument(Array(unpacked.output.utf8)).extract(resource))
      let value = try #require(try JSONSerialization.jsonObject(with: Data(found)) as? [String: Any])
      let schemas = try #require((value["components"] as? [String: Any])?["schemas"] as? [String: Any])
      let root = try #require(schemas[value["x-schema"] as? String ?? ""] as? [String: Any])
      #expect((root["properties"] as? [String: Any])?["spec"] != nil)
      // Every reference has a target.
      for part in text(found).split(separator: "\"#/components/schemas/").dropFirst() {
        #expect(schemas[String(part.prefix { $0 != "\"" })] != nil)
      }
      #expect(!text(found).contains("SwaggerSchemaProps"))
    }
  }

  private static let discovery =
    #"{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"dnszones","namespaced":true,"kind":"DNSZone","verbs":["list","watch"]}]}"#
  private static let core = document.replacing("dns.example.test", with: "").replacing("v1alpha1", with: "v1")

  @Test func asksForTheDocumentOncePerHash() throws {
    let directory = try TemporaryDirectory()
    let server = try FakeAPIServer { request, reply in
      switch request.path {
      case "/api/v1": reply.whole(Self.discovery)
      case "/openapi/v3":
        reply.whole(#"{"paths":{"api/v1":{"serverRelativeURL":"/openapi/v3/api/v1?hash=ABC123"}}}"#)
      case "/openapi/v3/api/v1?hash=ABC123": reply.whole(Self.core)
      default: reply.whole("404 page not found\n", status: 404, ["Content-Type": "text/plain"])
      }
    }
    var environment = try server.kubeconfig(in: directory.url)
    environment["XDG_CACHE_HOME"] = directory.url.path
    for _ in 0..<2 {
      let outcome = try Tool.run("kwatch", ["dnszones", "--schema"], environment: environment)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.lines.count == 1)
      #expect(outcome.output.hasPrefix(#"{"openapi":"3.0.0","x-schema":"test.example.DNSZone""#))
    }
    #expect(server.paths.count { $0.contains("hash=") } == 1)
  }

  /// Some proxies, such as Rancher's, add their path to the addresses in the index.
  @Test(arguments: [
    ("/openapi/v3/api/v1?hash=A", "/openapi/v3/api/v1?hash=A"),
    ("/k8s/clusters/c-1/openapi/v3/api/v1?hash=A", "/openapi/v3/api/v1?hash=A"),
    ("/k8s/clusters/c-12/openapi", "/k8s/clusters/c-12/openapi"), ("@other.test/api/v1", SchemaLookup.old),
  ])
  func requestsTheDocumentBelowThePathOfTheServer(_ url: String, _ path: String) {
    let index = #"{"paths":{"apis/dns.example.test/v1alpha1":{"serverRelativeURL":"\#(url)"}}}"#
    let lookup = SchemaLookup(Self.zone, below: "/k8s/clusters/c-1")
    #expect(lookup.answer(SchemaLookup.index, .success(Array(index.utf8))) == .get(path))
  }

  @Test func fallsBackToTheOlderDocumentOrReportsNone() throws {
    let directory = try TemporaryDirectory()
    let old = Self.core.replacing(#""components":{"schemas":{"#, with: #""definitions":{"#)
      .replacing("#/components/schemas/", with: "#/definitions/")
    for (document, status) in [(String(old.dropLast()), Int32(0)), (nil, 69)] {
      let server = try FakeAPIServer { request, reply in
        switch request.path {
        case "/api/v1": reply.whole(Self.discovery)
        case "/openapi/v2" where document != nil: reply.whole(document ?? "")
        default: reply.whole("404 page not found\n", status: 404, ["Content-Type": "text/plain"])
        }
      }
      let environment = try server.kubeconfig(in: directory.url)
      let outcome = try Tool.run("kwatch", ["dnszones", "--schema"], environment: environment)
      #expect(outcome.status == status, "\(outcome)")
      #expect(outcome.output.isEmpty == (status != 0))
    }
  }

  @Test func describesTheResourcesOfARealServer() throws {
    guard let cluster = try ClusterTesting.start("--schema on a real server") else { return }
    for resource in ["pods", "deploy"] {
      let outcome = try cluster.kwatch([resource, "--schema"]).waitForEnd()
      #expect(outcome.status == 0, "\(outcome.diagnostics)")
      #expect(outcome.output.contains(#""containers""#))
    }
    let part = try cluster.kwatch(["deploy/scale", "--schema"]).waitForEnd()
    #expect(part.status == 0 && part.diagnostics.contains("sub-resource"), "\(part.diagnostics)")
  }
}
