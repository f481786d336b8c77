// SPDX-License-Identifier: Apache-2.0
import Events
import JSON
import Testing

@testable import WfanoutCore

struct UpstreamTemplateTests {
  func arguments(_ template: String, _ values: [String: String]) throws -> [String] {
    try UpstreamTemplate(template).arguments(values)
  }

  @Test func aValueIsAlwaysOneArgument() throws {
    #expect(
      try arguments(
        "kwatch {resourceType} -l={labelSelector}",
        ["resourceType": "pods", "labelSelector": "a in (b, c); rm -rf $(x)"])
        == ["kwatch", "pods", "-l=a in (b, c); rm -rf $(x)"])
  }

  @Test func bracketsAreLeftOutWithTheirValue() throws {
    let template =
      "kwatch {resourceType} [-n {namespace}] [--field-selector metadata.name={name}] --bookmarks"
    #expect(try arguments(template, ["resourceType": "pods"]) == ["kwatch", "pods", "--bookmarks"])
    #expect(
      try arguments(template, ["resourceType": "pods", "namespace": "a", "name": "b"])
        == ["kwatch", "pods", "-n", "a", "--field-selector", "metadata.name=b", "--bookmarks"])
  }

  @Test func usesTheFirstAlternativeWithAllItsValues() throws {
    let template =
      "kwatch [{resourceType}/{name}|{resourceType}] [-n {namespace}|-A] ['-l' \"{labelSelector}\"]"
    #expect(try arguments(template, ["resourceType": "pods"]) == ["kwatch", "pods", "-A"])
    #expect(
      try arguments(
        template, ["resourceType": "pods", "name": "a", "namespace": "n", "labelSelector": "x|y]"])
        == ["kwatch", "pods/a", "-n", "n", "-l", "x|y]"])
  }

  @Test func doubledBracesAreBraces() throws {
    #expect(
      try arguments("awk '{{print $1}}' {{}} {{{name}}}", ["name": "n"]) == [
        "awk", "{print $1}", "{}", "{n}",
      ])
    let error = #expect(throws: UpstreamTemplate.TemplateError.self) { try UpstreamTemplate("echo {}") }
    #expect(error?.description.contains("{{ and }}") == true)
  }

  @Test func quotesKeepWordsTogether() throws {
    #expect(
      try arguments(#"sh -c 'echo "$1"' sh {name}"#, ["name": "n"]) == ["sh", "-c", #"echo "$1""#, "sh", "n"])
  }

  @Test func reportsAMissingValueOutsideBrackets() throws {
    let template = try UpstreamTemplate("kwatch {resourceType} -n {namespace}")
    #expect(throws: UpstreamTemplate.MissingFieldError(field: "namespace")) {
      try template.arguments(["resourceType": "pods"])
    }
  }

  @Test(arguments: [
    "", "{resourceType}", "kwatch {resourceType", "kwatch resourceType}", "kwatch {{a}", "kwatch {what}",
    "kwatch [-n {namespace}", "kwatch 'x", "[kwatch]",
  ])
  func malformedTemplatesAreRefused(text: String) {
    #expect(throws: UpstreamTemplate.TemplateError.self) { try UpstreamTemplate(text) }
  }

  @Test func theChannelHasSevenParts() throws {
    let request = try ChannelRequest([
      "resourceType": "apis/networking.datumapis.com/v1alpha/domains", "projectId": "proj-abc",
      "namespace": "default",
    ])
    #expect(request.channel == "apis/networking.datumapis.com/v1alpha/domains::proj-abc:default:::")
  }

  static let command =
    (try? UpstreamTemplate("c {resourceType} [-n {namespace}] [{userScoped}] [{resourceVersion}]"))

  @Test(arguments: ["orgId", "projectId", "name", "labelSelector", "fieldSelector"])
  func aFieldThatTheCommandDoesNotTakeIsRefused(field: String) throws {
    let template = try #require(Self.command)
    let request = try ChannelRequest(["resourceType": "pods", field: "x"])
    #expect(throws: HTTPError.self) { try request.arguments(for: template, identity: "") }
  }

  @Test func userScopedChannelsNeedTheIdentity() throws {
    let template = try #require(Self.command)
    let request = try ChannelRequest(["resourceType": "pods"], isUserScoped: true)
    #expect(try request.arguments(for: template, identity: "ann") == ["c", "pods", "ann"])
    #expect(request.channel == "pods:::::::user")
    #expect(throws: HTTPError.self) { try request.arguments(for: template, identity: "") }
    #expect(throws: HTTPError.self) {
      try request.arguments(for: UpstreamTemplate("c {resourceType}"), identity: "ann")
    }
  }

  @Test func theCommandGetsTheResumePosition() throws {
    let template = try #require(Self.command)
    for version in ["41", "1700000000000000000-41"] {
      let request = try ChannelRequest(["resourceType": "pods", "resourceVersion": version])
      #expect(try request.arguments(for: template, identity: "") == ["c", "pods", "41"])
      #expect(request.channel == "pods::::::")
    }
  }

  struct Body: Sendable, CustomTestStringConvertible {
    var text: String
    var says: String
    var testDescription: String { text }
  }

  static let bodies = [
    Body(text: #"{"resourceType":"pods","nmaespace":"prod"}"#, says: "did you mean namespace"),
    Body(text: #"{"resourceType":"pods","orgId":5}"#, says: "orgId is not a string"),
    Body(text: #"{"resourceType":"pods","namespace":["a"]}"#, says: "namespace is not a string"),
    Body(text: #"{"resourceType":"pods","userScoped":"yes"}"#, says: "userScoped is not true or false"),
    Body(text: #"{"resourceType":"pods","resourceVersion":3}"#, says: "resourceVersion is not a string"),
    Body(text: "[]", says: "not a JSON object"),
  ]

  @Test(arguments: bodies) func anUnknownFieldIsRefused(_ row: Body) throws {
    let body = try #require(JSONValue(Array(row.text.utf8)))
    let error = #expect(throws: HTTPError.self) { try ChannelRequest(body) }
    #expect(error?.status.message.contains(row.says) == true, "\(error?.status.message ?? "")")
  }

  @Test func nullIsNoValue() throws {
    let body = try #require(
      JSONValue(Array(#"{"clientId":"c","resourceType":"pods","name":null,"userScoped":false}"#.utf8)))
    #expect(try ChannelRequest(body) == ChannelRequest(["resourceType": "pods"]))
  }

  @Test(arguments: [
    ["resourceType": ""], ["resourceType": "../x"], ["resourceType": "apis/g//x"], ["resourceType": "api/v1"],
    ["resourceType": "-A"], ["resourceType": "pods", "namespace": ";rm -rf"],
    ["resourceType": "pods", "namespace": "-A"],
    ["resourceType": "pods", "name": "a:b"], ["resourceType": "pods", "labelSelector": "--as=admin"],
    ["resourceType": "pods", "fieldSelector": "a:b"], ["resourceType": "pods", "labelSelector": "a\nb"],
    ["resourceType": String(repeating: "a", count: 300)],
  ])
  func refusesAmbiguousValues(values: [String: String]) {
    #expect(throws: HTTPError.self) { try ChannelRequest(values) }
  }
}
