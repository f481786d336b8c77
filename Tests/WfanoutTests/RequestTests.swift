// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct RequestTests {
  @Test func readsPathAndQuery() {
    let request = HTTPRequest(
      method: "GET", target: "/a%20b?filter=type%3D%3D%22X%22+%26%26+true&empty=&bare&x=1&x=2%zz")
    #expect(request.path == "/a b")
    #expect(request.item("filter") == #"type=="X" && true"#)
    #expect(request.item("empty") == "")
    #expect(request.flag("bare"))
    #expect(request.flag("x"))
    #expect(request.query.last?.value == "2%zz")
    #expect(request.item("none") == nil)
  }

  @Test func readsFlagsAsKubernetesDoes() {
    func isOn(_ query: String) -> Bool { HTTPRequest(method: "GET", target: "/a?\(query)").flag("watch") }
    for query in ["watch", "watch=", "watch=1", "watch=true", "watch=TRUE", "watch=t"] {
      #expect(isOn(query))
    }
    for query in ["", "watch=0", "watch=false", "watch=False", "unwatch=1"] { #expect(!isOn(query)) }
  }

  @Test func findsClientsThatAcceptJSON() {
    func takes(_ accept: String...) -> Bool {
      HTTPRequest(method: "GET", target: "/", headers: accept.map { ("Accept", $0) }).acceptsJSON
    }
    #expect(takes() && takes("*/*") && takes("application/json") && takes("text/html, */*;q=0.1"))
    #expect(takes("application/json;stream=watch") && takes("Application/*"))
    #expect(takes("application/json;as=Table;v=v1;g=meta.k8s.io, application/json"))
    #expect(takes("application/vnd.kubernetes.protobuf", "application/json"))
    #expect(!takes("application/json;as=Table;v=v1;g=meta.k8s.io"))
    #expect(
      !takes("application/vnd.kubernetes.protobuf") && !takes("text/html") && !takes("application/yaml"))
    #expect(!takes("application/json;q=0"))
  }

  @Test func fieldNamesIgnoreCase() {
    let request = HTTPRequest(
      method: "GET", target: "/",
      headers: [
        ("Accept", "text/html;q=0.9, Application/X-NDJSON; q=1"), ("CONNECTION", "keep-alive, Upgrade"),
      ])
    #expect(request.accepts("application/x-ndjson"))
    #expect(!request.accepts("application/json"))
    #expect(request.header("connection", contains: "upgrade"))
    #expect(!request.header("connection", contains: "close"))
  }

  @Test func whiteSpaceAfterAFieldIsNotPartOfIt() {
    let request = HTTPRequest(
      method: "GET", target: "/",
      headers: [("Authorization", "Bearer a b \t "), ("Empty", " "), ("Host", "a")])
    #expect(request.header("authorization") == "Bearer a b")
    #expect(request.header("empty") == "" && request.header("host") == "a")
  }

  @Test func theBrowsersIDTakesPrecedence() {
    let request = HTTPRequest(
      method: "GET", target: "/events?lastEventId=1-1", headers: [("Last-Event-ID", "1-2")])
    #expect(ListenRequest(request).start == .after("1-2"))
    let first = HTTPRequest(
      method: "GET", target: "/events?lastEventId=1-1", headers: [("Last-Event-ID", "")])
    #expect(ListenRequest(first).start == .after("1-1"))
    #expect(
      ListenRequest(HTTPRequest(method: "GET", target: "/events?lastEventId=1-1")).start == .after("1-1"))
    #expect(ListenRequest(HTTPRequest(method: "GET", target: "/events?snapshot=1")).start == .snapshot)
    #expect(ListenRequest(HTTPRequest(method: "GET", target: "/events")).start == .now)
  }

  @Test(arguments: [
    ("\"a\"", true), ("W/\"a\"", true), ("\"b\", W/\"a\"", true), ("*", true), ("a", false), ("\"A\"", false),
    ("", false), ("\"b\"", false),
  ])
  func findsTheTagOfACachedResponse(field: String, isCached: Bool) {
    let request = HTTPRequest(method: "GET", target: "/snapshot", headers: [("If-None-Match", field)])
    #expect(request.hasCached("\"a\"") == isCached)
  }

  @Test func differentFiltersHaveDifferentKeys() {
    let keys = [
      "", "filter=a", "type=a", "fieldSelector=a", "labelSelector=a", "filter=a&type=a", "filter=a%20-",
    ].map {
      FilterRequest(HTTPRequest(method: "GET", target: "/events?\($0)")).key
    }
    #expect(Set(keys).count == keys.count)
  }

  @Test func sizesAreRead() {
    #expect(ByteSize("64MiB")?.count == 64 << 20)
    #expect(ByteSize("100")?.count == 100)
    #expect(ByteSize("1GiB")?.count == 1 << 30)
    #expect(ByteSize("") == nil)
    #expect(ByteSize("-1") == nil)
    #expect(ByteSize("1TB") == nil)
    #expect(ByteSize("9999999999999999999G") == nil)
  }

  @Test(arguments: [
    "allowWatchBookmarks", "cid", "continue", "fieldSelector", "filter", "labelSelector", "lastEventId",
    "limit",
    "raw", "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "snapshot", "timeoutSeconds",
    "token",
    "type", "watch", "fieldManager", "pretty", "dryRun", "", "_", "t", "time", "timestamp", "id", "v", "view",
  ])
  func isNoMistypedParameter(name: String) { #expect(FilterRequest.parameter(meantBy: name) == nil) }
}
