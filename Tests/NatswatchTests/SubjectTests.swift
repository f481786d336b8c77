// SPDX-License-Identifier: Apache-2.0

import Events
import JSON
import Testing

@testable import NatswatchCore

@Suite struct SubjectPatternTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var pattern: String
    var subject: String
    var matches: Bool
    var testDescription: String { "\(pattern) ~ \(subject)" }
  }

  static let cases = [
    Case(pattern: "a.b", subject: "a.b", matches: true), Case(pattern: "a.*", subject: "a.b", matches: true),
    Case(pattern: "a.*", subject: "a.b.c", matches: false),
    Case(pattern: "a.>", subject: "a.b.c", matches: true),
    Case(pattern: "a.>", subject: "a", matches: false), Case(pattern: ">", subject: "a", matches: true),
    Case(pattern: "*.b", subject: "a.b", matches: true),
    Case(pattern: "a.b", subject: "a.bc", matches: false),
    Case(pattern: "a.b.c", subject: "a.b", matches: false),
    Case(pattern: "a.*.c", subject: "a..c", matches: false),
  ]

  @Test(arguments: cases) func matchesAsTheServerDoes(_ c: Case) throws {
    let pattern = try #require(SubjectPattern(c.pattern))
    var subject = c.subject
    let result = subject.withUTF8 { bytes in unsafe pattern.matches(bytes) }
    #expect(result == c.matches)
  }

  @Test(arguments: ["", "a..b", ".a", "a.", "a b", "a.>.b", "a\n"]) func refusesInvalidSubjects(
    _ text: String
  ) {
    #expect(SubjectPattern(text) == nil)
  }

  @Test func knowsCoverAndOverlap() throws {
    func pattern(_ text: String) throws -> SubjectPattern { try #require(SubjectPattern(text)) }
    #expect(try pattern("a.>").covers(pattern("a.b.*")))
    #expect(try !pattern("a.*").covers(pattern("a.>")))
    #expect(try pattern("a.*.c").overlaps(pattern("a.b.>")))
    #expect(try !pattern("a.*.c").overlaps(pattern("a.b")))
    #expect(
      try SubjectPattern.withoutCovered([pattern("a.b"), pattern("a.>"), pattern("c")]).map(\.description)
        == ["a.>", "c"])
  }

  @Test(arguments: [
    (["a.b", "a.c"], "a.*"), (["a.b", "a.b.c"], "a.>"), (["a.x.c", "a.y.d"], "a.*.*"), (["a", "b.c"], ">"),
    (["a.>", "a.b"], "a.>"), (["a.b"], "a.b"),
  ]) func hullCoversAll(_ texts: [String], _ hull: String) throws {
    let patterns = texts.compactMap(SubjectPattern.init)
    let found = SubjectPattern.hull(of: patterns)
    #expect(found.description == hull)
    #expect(patterns.allSatisfy { found.covers($0) })
  }
}

@Suite struct SubjectTemplateTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var template: String
    var line: String
    var subject: String?
    var testDescription: String { "\(template) of \(line)" }
  }

  static let cases = [
    Case(
      template: "pods.{metadata.namespace}.{metadata.name}",
      line: #"{"type":"ADDED","object":{"metadata":{"namespace":"a","name":"x.y z"}}}"#,
      subject: "pods.a.x_y_z"),
    Case(template: "l.{kind}", line: #"{"kind":"Pod"}"#, subject: "l.Pod"),
    Case(
      template: "l.{object.kind}-{type}", line: #"{"type":"ADDED","object":{"kind":"Pod"}}"#,
      subject: "l.Pod-ADDED"),
    Case(template: "l.{kind}", line: #"{"kind":"a.>"}"#, subject: nil),
    Case(template: "l.{kind}", line: #"{"kind":"*"}"#, subject: nil),
    Case(template: "l.{kind}", line: #"{"kind":""}"#, subject: nil),
    Case(template: "l.{kind}", line: #"{"other":1}"#, subject: nil),
    Case(template: "l.{n}", line: #"{"n":12.5}"#, subject: "l.12_5"),
    Case(template: #"l.{["\\u006e"]}"#, line: #"{"n":1}"#, subject: nil),
    Case(
      template: "l.{trace-id}.{items[1].n}", line: #"{"trace-id":"t","items":[{},{"n":2}]}"#, subject: "l.t.2"
    ),
    Case(template: "l.{k}", line: #"{"\u006b":"esc\u0061ped"}"#, subject: "l.escaped"),
    Case(
      template: #"l.{m.labels["app.kubernetes.io/name"]}"#,
      line: #"{"m":{"labels":{"app.kubernetes.io/name":"web"}}}"#, subject: "l.web"),
    Case(template: "{subject>}", line: #"{"subject":"a.b.c"}"#, subject: "a.b.c"),
    Case(template: "{subject>}", line: #"{"subject":"a.*"}"#, subject: nil),
  ]

  @Test(arguments: cases) func fillsAndEscapes(_ c: Case) throws {
    let template = try SubjectTemplate(c.template)
    var line = c.line
    let isEvent = line.contains("\"type\"")
    let copy = PaddedBytes()
    let bytes = line.withUTF8 { unsafe copy.copy($0) }
    let json = unsafe RawJSON(line: try #require(bytes.baseAddress), count: bytes.count)
    let subject = try? withExtendedLifetime(copy) {
      try template.subject { path in path.text(in: json, isEvent: isEvent) }
    }
    #expect(subject == c.subject)
  }

  @Test(arguments: ["a.{b", "a}.b", "a.*", "a.{b}.>", "a..b", "a.{}", "a.{x..y}", "a.{x.*}", "a.{-x}"])
  func refusesSubjectsThatCannotBePublishedTo(_ text: String) {
    #expect(throws: SubjectTemplate.SyntaxError.self) { try SubjectTemplate(text) }
  }

  @Test func subscriptionsTakeAnyTypeWithoutEventTypes() throws {
    let template = try SubjectTemplate("activities.{type}.{tenant}.*.{kind}.>", allowsWildcards: true)
    #expect(
      try template.pattern(with: ["tenant": "acme.eu west", "kind": "Pod"]).description
        == "activities.*.acme_eu_west.*.Pod.>")
    #expect(throws: SubjectTemplate.SyntaxError.self) { try template.pattern(with: ["tenant": "a.>"]) }
    #expect(throws: SubjectTemplate.SyntaxError.self) { try template.pattern(with: ["nobody": "x"]) }
  }
}
