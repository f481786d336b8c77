// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import KwatchCore

@Suite struct OutputTests {
  private func rewrite(_ json: String, _ rules: ObjectRewrite) throws -> String {
    let bytes = Array(json.utf8)
    return text(try rules.apply(to: bytes.span))
  }

  @Test func hidesTheValuesOfASecret() throws {
    let secret =
      #"{"kind":"Secret","data":{"a":"YQ==","e":"","n":null},"stringData":{"b":"a"},"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"a\":\"YQ==\"}}","x":"YQ=="},"name":"s"},"type":"Opaque"}"#
    let hidden = try rewrite(secret, .secrets)
    // sha256sum of the one byte `a`.
    let digest = "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    #expect(hidden.contains(#""data":{"a":"\#(digest)","e":"sha256:e3b0c442"#))
    #expect(hidden.contains(#""stringData":{"b":"\#(digest)"}"#))
    #expect(!hidden.contains(#"\"YQ==\""#))
    #expect(hidden.contains(#""x":"YQ==""#))
    #expect(hidden.hasSuffix(#""name":"s"},"type":"Opaque"}"#))
  }

  struct Cut: Sendable, CustomTestStringConvertible {
    var path: String
    var before: String
    var after: String
    var testDescription: String { "\(path) of \(before)" }
  }

  static let cuts = [
    Cut(
      path: "managedFields", before: #"{"metadata":{"managedFields":[{"a":"]"}],"name":"n"}}"#,
      after: #"{"metadata":{"name":"n"}}"#),
    Cut(
      path: "managedFields", before: #"{"metadata":{"name":"n","managedFields":[]},"spec":1.50}"#,
      after: #"{"metadata":{"name":"n"},"spec":1.50}"#),
    Cut(path: "managedFields", before: #"{"metadata":{"managedFields":[]}}"#, after: #"{"metadata":{}}"#),
    Cut(path: "status", before: #"{"a":1,"status":{},"b":2,"status":3}"#, after: #"{"a":1,"b":2}"#),
    Cut(path: "spec.template", before: #"{"spec":[{"template":1}]}"#, after: #"{"spec":[{"template":1}]}"#),
  ]

  @Test(arguments: cuts) func cutsAPath(_ cut: Cut) throws {
    #expect(try rewrite(cut.before, .cutting(cut.path)) == cut.after)
  }

  @Test func joinsRules() throws {
    let rules = ObjectRewrite.cutting("managedFields").merged(with: .secrets)
    let result = try rewrite(#"{"data":{"a":"YQ=="},"metadata":{"managedFields":[],"name":"s"}}"#, rules)
    #expect(result.hasPrefix(#"{"data":{"a":"sha256:ca97"#))
    #expect(result.hasSuffix(#""metadata":{"name":"s"}}"#))
  }

  @Test func keepsStringsWhenItTakesLineBreaksOut() {
    let bytes = Array("{\n  \"a b\" : \"c \\\" d\\n\",\r\n\t\"n\": 1.0\n}".utf8)
    #expect(text(ObjectRewrite.compact(bytes.span)) == #"{"a b":"c \" d\n","n":1.0}"#)
  }

  @Test func readsBackItsState() throws {
    let json =
      #"{"kwatch":1,"scopes":[{"scope":"a|v1|pods|*||| ","resourceVersion":"7","objects":[["u","1","n","x"]]}]}"#
    let entries = try #require(StateStore.parse(Array(json.utf8)))
    #expect(entries.values.first?.objects.first?.name == Array("x".utf8))
    #expect(StateStore.parse(Array("{}".utf8)) == nil)
    // Without the object in the state, it would be printed again, or its deletion would never be printed.
    #expect(StateStore.parse(Array(json.replacing(#"["u","#, with: "[").utf8)) == nil)
    #expect(StateStore.parse(Array("junk".utf8)) == nil)
  }
}
