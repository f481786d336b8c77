// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Expressions over objects whose fields are declared.
struct ObjectTypeTests {
  private static let types: ObjectTypes = [
    "Pod": [
      "metadata": ObjectField(.object("Meta")), "status": ObjectField(.object("Status")),
      "spec": ObjectField(.object("Spec")),
    ],
    "Meta": ["name": ObjectField(.string), "labels": ObjectField(.map(.string, .string))],
    "Status": [
      "phase": ObjectField(.string, allowedValues: ["Pending", "Running", "Failed"]),
      "conditions": ObjectField(.list(.object("Condition"))),
    ],
    "Condition": ["type": ObjectField(.string), "parent": ObjectField(.object("Condition"))],
    "Spec": [
      "replicas": ObjectField(.int), "priority": ObjectField(.wrapper(.int)), "extra": ObjectField(.dyn),
    ],
  ]

  private static func environment(fallback: String? = nil, checks: Bool = true) -> Environment {
    var options = Environment.Options()
    options.fallbackVariable = fallback
    options.checks = checks
    return Environment(
      variables: [Variable("object", .object("Pod")), Variable("old", .object("Pod"))],
      libraries: StandardLibraries.all, objectTypes: types, options: options)
  }

  private func refusal(_ expression: String, fallback: String? = nil) -> CompileError? {
    do throws(CompileError) { _ = try Self.environment(fallback: fallback).compile(expression) } catch {
      return error
    }
    return nil
  }

  @Test(
    arguments: [
      ("object.status.phse == 'Running'", "phse", "phase"), ("has(object.sttus)", "sttus", "status"),
      ("object.?status.?phasse", "phasse", "phase"), ("object['status'].phas == 'x'", "phas", "phase"),
      ("object['stats']", "stats", "status"), ("object[?'stats']", "stats", "status"),
      ("object.status.conditions.exists(c, c.typ == 'Ready')", "typ", "type"),
      ("object.status.conditions[0].parent.parent.tipe == ''", "tipe", "type"),
      ("cel.bind(s, object.spec, s.replcas > 1)", "replcas", "replicas"),
      ("old.status.phase != object.status.phas", "phas", "phase"),
      ("[object, old].map(o, o.specs)", "specs", "spec"),
    ])
  func refusesAFieldThatIsNotDeclared(_ expression: String, _ name: String, _ meant: String) throws {
    let error = try #require(refusal(expression))
    #expect(error.code == .undeclared)
    #expect(error.message.contains("'\(name)'"))
    #expect(error.suggestion == meant)
  }

  @Test(
    arguments: [
      "object.status.phase == 3", "object.spec.replicas == '3'", "object.metadata.labels.app > 1",
      "object.spec.replicas.x", "object.metadata.name + 1", "object.status.phase.all(c, true)",
    ])
  func refusesTheWrongType(_ expression: String) throws {
    #expect(try #require(refusal(expression)).code == .type)
  }

  @Test(
    arguments: [
      ("object.status.phase == 'Runing'", "Running"), ("'Pendin' != object.status.phase", "Pending"),
      ("object.status.phase in ['Failed', 'runnin']", "Running"),
    ])
  func refusesAValueThatAnEnumDoesNotHave(_ expression: String, _ meant: String) throws {
    #expect(try #require(refusal(expression)).suggestion == meant)
  }

  @Test(
    arguments: [
      "object.status.phase == 'Running' && object.metadata.labels['app'] == 'web'",
      "has(object.status.phase)",
      "object.spec.extra.anything.at.all == 1", "object.spec.priority == null || object.spec.priority > 3",
      "object == old && object != null", "'status' in object", "object.size() == 3",
      "object.all(key, key != '')",
      "object.exists(key, value, key == 'a' && value == 1)",
      "object.status.conditions.map(c, c.type).size() > 0",
      "dyn(object).whatever == 1", "object == {'a': 1}", "object.?status.?phase.orValue('x') == 'Running'",
      "object.status.phase in ['Failed', 'Running']", "type(object) == map",
      "object[object.metadata.name] == 1",
    ])
  func acceptsWhatIsDeclared(_ expression: String) { #expect(refusal(expression) == nil) }

  @Test func typesNamesThatStandForFieldsOfTheFallback() throws {
    #expect(refusal("status.phase == 'Running'", fallback: "object") == nil)
    let missing = try #require(refusal("staus.phase == 'Running'", fallback: "object"))
    #expect(missing.suggestion == "status")
    #expect(refusal("status.phase == 3", fallback: "object")?.code == .type)
  }

  @Test func evaluatesOverPlainMaps() throws {
    let pod = Value.map(
      MapValue([(.string("status"), .map(MapValue([(.string("phase"), .string("Running"))])))]))
    for checks in [true, false] {
      let environment = Self.environment(checks: checks)
      var activation = Activation(environment)
      activation["object"] = pod
      #expect(try environment.compile("object.status.phase == 'Running'").test(&activation))
      #expect(try environment.compile("object['status'].phase == 'Running'").test(&activation))
      #expect(throws: EvaluationError.self) {
        try environment.compile("object.spec.replicas > 1").test(&activation)
      }
    }
  }

  @Test func readsALongChainInLinearTime() {
    let chain = "object.status.conditions[0]" + String(repeating: "['parent']", count: 400)
    #expect(refusal("\(chain).type == 'x'") == nil)
  }
}

/// Names of types where an environment expects keys.
struct TypeNameTests {
  private static let environment: Environment = {
    var options = Environment.Options()
    options.fallbackVariable = "@line"
    options.refuseTypeName = { $0.contains(".") ? nil : "'\($0)' is a type: write self.\($0) for the key" }
    return Environment(
      variables: [Variable("self", .dyn), Variable("@line", .dyn)], libraries: StandardLibraries.all,
      options: options)
  }()

  @Test(
    arguments: [
      "bytes", "{'b': bytes}", "[string]", "bytes > 3", "bytes == 3", "self.x == bytes", "string + 'a'",
      "int in [1, 2]", "bool ? 1 : 2", "!bool", "map.x", "has(list.x)", "list[0]", "list.all(x, x > 1)",
      "double * 2.0", "uint", "size(list)", "null_type == null",
      "cel.bind(b, bytes, b)",
      "string.startsWith('a')", "self.x in [bytes]",
    ])
  func refusesABareTypeName(_ expression: String) throws {
    do throws(CompileError) {
      _ = try Self.environment.compile(expression)
      Issue.record("\(expression) is accepted")
    } catch { #expect(error.message.contains("write self."), "\(error)") }
  }

  @Test(
    arguments: [
      "type(self.x) == string", "bytes == type(self.x)", "type(self.x) in [int, uint, double]",
      "type(self.x) != map", "self.bytes > 3", "int(self.x) > 3 && bytes(self.s) == b'a'",
      "[int, uint].exists(t, type(self.x) == t)", "type(self.x) == google.protobuf.Timestamp",
      "self.x.all(bytes, bytes > 1)", "type(type(self.x)) == type(int)",
    ])
  func acceptsAComparisonOfTypes(_ expression: String) throws {
    _ = try Self.environment.compile(expression)
  }

  @Test func acceptsTypeNamesEverywhereByDefault() throws {
    _ = try Environment().compile("bytes")
    _ = try Environment().compile("{'b': [int, string]}")
  }
}
