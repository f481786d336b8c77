// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Values from Swift and from JSON, and their descriptions.
struct ValueTests {
  @Test func literalsAreValues() {
    let value: Value = [
      "name": "web", "replicas": 3, "load": 1.5, "ready": true, "node": .null, "ports": [80, 443],
    ]
    #expect(
      value.description
        == #"{"name": "web", "replicas": 3, "load": 1.5, "ready": true, "node": null, "ports": [80, 443]}"#)
    let none: Value = .optional(nil)
    #expect(none.description == "optional.none()")
  }

  @Test(
    arguments: [
      ("null", "null"), (" [1, -2.5e3 ,\"a\\u00e9\\n\"] ", "[1, -2500.0, \"aé\\n\"]"), ("{}", "{}"),
      ("{\"a\": {\"b\": [true, false]}, \"a\": 2}", "{\"a\": {\"b\": [true, false]}}"),
      ("9223372036854775807", "9223372036854775807"), ("9223372036854775808", "9223372036854775808u"),
      ("18446744073709551616", "1.8446744073709552e+19"), ("\"\\ud83d\\ude00\"", "\"😀\""), ("-0", "0"),
      ("1E2", "100.0"),
    ])
  func readsJSON(_ text: String, _ expected: String) throws {
    #expect(try Value(json: text).description == expected)
  }

  @Test(
    arguments: [
      "", "{", "[1,]", "{\"a\" 1}", "{a: 1}", "01", "1.", "\"a", "\"\\x\"", "\"\\ud800\"", "tru", "1 2",
      "\"\u{1}\"", "-", "1e400", "-1E999",
      String(repeating: "[", count: 5000),
    ])
  func refusesWhatIsNotJSON(_ text: String) {
    #expect(throws: JSONTextError.self) { try Value(json: text) }
  }

  private struct Pod: Encodable {
    struct Port: Encodable { var number: UInt16 }
    enum Phase: String, Encodable { case running = "Running" }
    var name = "web"
    var phase = Phase.running
    var ports = [Port(number: 80), Port(number: 443)]
    var labels = ["app": "web"]
    var node: String?
    var size = UInt64.max
    var load: Float = 0.5
  }

  @Test func encodesSwiftTypes() throws {
    let environment = Environment(variables: [Variable("pod", .dyn)])
    var activation = Activation(environment)
    activation["pod"] = try Value(encoding: Pod())
    for test in [
      "pod.name == 'web' && pod.phase == 'Running'", "pod.ports.map(p, p.number) == [80, 443]",
      "pod.labels.app == 'web'", "!has(pod.node)", "pod.size == 18446744073709551615u", "pod.load == 0.5",
    ] {
      #expect(try environment.compile(test).test(&activation), "\(test)")
    }
    #expect(try Value(encoding: [1, nil, 3] as [Int?]).description == "[1, null, 3]")
    #expect(try Value(encoding: 7).description == "7")
  }

  @Test(.timeLimit(.minutes(1)))
  func encodesLargeArraysAndDictionaries() throws {
    let list = try Value(encoding: Array(0..<40_000))
    #expect(list == .list((0..<40_000).map { .int($0) }))
    let entries = Dictionary(uniqueKeysWithValues: (0..<40_000).map { ("k\($0)", $0) })
    guard case .map(let map) = try Value(encoding: entries) else {
      Issue.record("not a map")
      return
    }
    #expect(map.entries.count == 40_000)
  }

  @Test func printsAsCELWritesIt() throws {
    let environment = Environment(libraries: StandardLibraries.all)
    var activation = Activation(environment)
    for (expression, text) in [
      ("1u", "1u"), ("2.0", "2.0"), ("b'a\\xff'", #"b"\x61\xff""#), ("duration('90s')", #"duration("90s")"#),
      ("timestamp('2026-01-01T00:00:00Z')", #"timestamp("2026-01-01T00:00:00Z")"#), ("type(1)", "int"),
      ("optional.of('a')", #"optional.of("a")"#), ("{1: 'a'}", #"{1: "a"}"#),
    ] {
      #expect(try environment.compile(expression).evaluate(&activation).description == text)
    }
  }
}

/// Activations that do not fit their program.
struct ActivationTests {
  private let environment = Environment(
    variables: [Variable("name", .string), Variable("count", .int), Variable("object", .dyn)])

  private func failure(_ activation: inout Activation, _ program: Program) -> EvaluationError? {
    do throws(EvaluationError) { _ = try program.evaluate(&activation) } catch { return error }
    return nil
  }

  @Test func anActivationOfAnotherEnvironmentIsRefused() throws {
    let program = try environment.compile("name")
    var other = Activation(Environment(variables: [Variable("object", .dyn)]))
    other["object"] = ["a": 1]
    #expect(failure(&other, program)?.code == .wrongActivation)
    var copy = Activation(environment)
    copy["name"] = "a"
    #expect(try program.evaluate(&copy) == "a")
  }

  @Test func aNameThatIsNotDeclaredIsReported() throws {
    var activation = Activation(environment)
    activation["nmae"] = "a"
    let error = try #require(failure(&activation, environment.compile("1 + count")))
    #expect(error.code == .wrongActivation)
    #expect(error.detail.contains("did you mean 'name'"))
  }

  @Test func aValueOfAnotherTypeIsReported() throws {
    var activation = Activation(environment)
    activation["count"] = "three"
    let error = try #require(failure(&activation, environment.compile("name == 'a'")))
    #expect(error.code == .wrongActivation)
    #expect(error.detail.contains("'count' has the type int"))
  }

  @Test func nullFitsTypesThatAreNotScalars() throws {
    var activation = Activation(environment)
    activation["object"] = .null
    #expect(try environment.compile("object == null").test(&activation))
  }
}
