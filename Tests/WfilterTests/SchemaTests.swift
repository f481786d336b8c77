// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// `--schema`: names and types are checked before the first line.
@Suite(.timeLimit(.minutes(10))) struct SchemaTests {
  static let document = #"""
    {"openapi":"3.0.0","x-schema":"io.k8s.api.apps.v1.Deployment","components":{"schemas":{
      "io.k8s.api.apps.v1.Deployment":{"type":"object","x-kubernetes-group-version-kind":[{"group":"apps","kind":"Deployment","version":"v1"}],
        "properties":{"kind":{"type":"string"},"metadata":{"allOf":[{"$ref":"#/components/schemas/ObjectMeta"}],"default":{}},
          "spec":{"$ref":"#/components/schemas/Spec"},"status":{"type":"object","properties":{"phase":{"type":"string","enum":["Ready","Failed"]},"replicas":{"type":"integer"}}}}},
      "DeploymentList":{"type":"object","x-kubernetes-group-version-kind":[{}],"properties":{"items":{"type":"array"}}},
      "ObjectMeta":{"type":"object","properties":{"name":{"type":"string"},"labels":{"type":"object","additionalProperties":{"type":"string"}}}},
      "Spec":{"type":"object","properties":{"replicas":{"type":"integer","nullable":true},"port":{"x-kubernetes-int-or-string":true},"ratio":{"type":"number"},
        "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"child":{"$ref":"#/components/schemas/Spec"},
        "containers":{"type":"array","items":{"type":"object","properties":{"image":{"type":"string"}}}}}}}}}
    """#

  static let good = [
    #"status.phase == "Ready""#, "object.spec.replicas > 1",
    "has(spec.containers) && spec.containers.exists(c, c.image == 'x')",
    "spec.free.anything.goes == 1", "spec.port == 80 || spec.port == 'http'", "spec.ratio > 1",
    "spec.child.child.child.replicas == 3",
    "metadata.labels['app'] == 'x' && metadata.labels.app == 'x'",
    "type == 'ADDED' && source.cluster == 'c' && self.object.spec.replicas == 1",
    "old == null || old.status.phase != status.phase", "old.object.status != object.status", "old != self",
    "self.type == 'DELETED'", "self.source.sequence > 5 && has(source.namespace)",
    "self['object']['spec'].port == 1",
    "self.status.phase == 'Ready'", "[self, old].size() == 2", "old.?object.?spec.orValue({}).size() > 0",
    "spec.replicas == null", "apiVersion == 'apps/v1'",
  ]

  static let bad = [
    (#"status.phse == "Ready""#, "phase"), ("self.object.status.phse == 'x'", "phase"),
    ("old.object.status.phse == 'x'", "phase"), ("old.status.phse != status.phase", "phase"),
    ("self.status.phse == 'x'", "phase"), ("self.objct.kind == 'x'", "object"),
    ("source.clster == 'x'", "cluster"),
    ("self.source.resorce == 'pods'", "resource"), ("self.type == 'ADED'", "ADDED"),
    ("source.sequence == 'x'", "int"),
    ("old.object.spec.replicas == 'x'", "int"), ("has(old.object.spec.replcas)", "replicas"),
    ("self.object.spec.containers.exists(c, c.imge == 'x')", "image"),
    ("self['object'].status.phse == 1", "phase"),
    ("old.?object.?status.?phse.hasValue()", "phase"), ("status == old.object.spec", "Spec"),
    ("object.spec.replcas > 1", "replicas"),
    ("sttus.phase == 'Ready'", "status"),
    ("spec.containers.exists(c, c.imge == 'x')", "image"), ("status.phase == 'Redy'", "Ready"),
    ("status.replicas == 'x'", "int"),
    ("has(spec.child.contaners)", "containers"),
  ]

  static func run(_ expression: String, _ document: String = document) throws -> Tool.Outcome {
    let folder = try TemporaryDirectory()
    try folder.write(document, to: "schema.json")
    return try Tool.run("wfilter", ["--schema", "schema.json", "--check", expression], in: folder.url)
  }

  @Test(arguments: good) func acceptsWhatTheSchemaDeclares(_ expression: String) throws {
    let outcome = try Self.run(expression)
    #expect(outcome.status == 0, "\(outcome.diagnostics)")
  }

  @Test(arguments: bad) func refusesWhatTheSchemaDoesNotDeclare(_ expression: String, _ hint: String) throws {
    let outcome = try Self.run(expression)
    #expect(outcome.status == 64)
    #expect(outcome.diagnostics.contains(hint), "\(outcome.diagnostics)")
  }

  @Test func findsTheOnlyResource() throws {
    let unnamed = Self.document.replacing(#""x-schema":"io.k8s.api.apps.v1.Deployment","#, with: "")
    #expect(try Self.run("status.phse == 'x'", unnamed).diagnostics.contains("phase"))
    #expect(try Self.run("true", #"{"openapi":"3.0.0"}"#).status == 64)
    #expect(try Self.run("true", "[").status == 64)
    #expect(try Tool.run("wfilter", ["--schema", "/nonexistent", "true"]).status == 66)
  }
}
