// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct UpstreamTemplateTests {
  func arguments(_ template: String, _ values: [String: String]) throws -> [String] {
    try UpstreamTemplate(template).arguments(values)
  }

  @Test func aValueIsOneArgumentWhateverIsInIt() throws {
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

  @Test func quotesKeepWordsTogether() throws {
    #expect(
      try arguments(#"sh -c 'echo "$1"' sh {name}"#, ["name": "n"]) == ["sh", "-c", #"echo "$1""#, "sh", "n"])
  }

  @Test func aMissingValueOutsideBracketsIsSaid() throws {
    let template = try UpstreamTemplate("kwatch {resourceType} -n {namespace}")
    #expect(throws: UpstreamTemplate.Missing(field: "namespace")) {
      try template.arguments(["resourceType": "pods"])
    }
  }

  @Test(arguments: ["", "{resourceType}", "kwatch {what}", "kwatch [-n {namespace}", "kwatch 'x", "[kwatch]"])
  func malformedTemplatesAreRefused(text: String) {
    #expect(throws: UpstreamTemplate.Malformed.self) { try UpstreamTemplate(text) }
  }

  @Test func theChannelHasSevenParts() throws {
    let request = try ChannelRequest([
      "resourceType": "apis/networking.datumapis.com/v1alpha/domains", "projectId": "proj-abc",
      "namespace": "default",
    ])
    #expect(request.channel == "apis/networking.datumapis.com/v1alpha/domains::proj-abc:default:::")
  }

  @Test(arguments: [
    ["resourceType": ""], ["resourceType": "../x"], ["resourceType": "apis/g//x"], ["resourceType": "api/v1"],
    ["resourceType": "-A"], ["resourceType": "pods", "namespace": ";rm -rf"],
    ["resourceType": "pods", "namespace": "-A"],
    ["resourceType": "pods", "name": "a:b"], ["resourceType": "pods", "labelSelector": "--as=admin"],
    ["resourceType": "pods", "fieldSelector": "a:b"], ["resourceType": "pods", "labelSelector": "a\nb"],
    ["resourceType": String(repeating: "a", count: 300)],
  ])
  func whatCouldBeTakenForAnotherThingIsRefused(values: [String: String]) {
    #expect(throws: Refusal.self) { try ChannelRequest(values) }
  }
}
