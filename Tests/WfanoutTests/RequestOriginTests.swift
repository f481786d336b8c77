// SPDX-License-Identifier: Apache-2.0
import Events
import Foundation
import JSON
import NIOHTTP1
import TestSupport
import Testing

@testable import WfanoutCore

struct RequestOriginTests {
  func request(_ headers: [(name: String, value: String)]) -> HTTPRequest {
    HTTPRequest(method: "GET", target: "/events", headers: headers)
  }

  @Test(arguments: [
    "localhost", "localhost:8080", "LOCALHOST:1", "localhost.", "127.0.0.1:8080", "127.1.2.3", "[::1]",
    "[::1]:8080", "[0:0::1]", "127.0.0.1.",
    "fanout.example.org:8080", "Fanout.Example.Org",
  ])
  func servesItsOwnNames(host: String) {
    let origin = RequestOrigin(names: RequestOrigin.loopbackNames(and: ["fanout.example.org"]))
    #expect(throws: Never.self) { try origin.checkName(request([("Host", host)])) }
  }

  @Test(arguments: [
    "attacker.example", "attacker.example:8080", "127.0.0.1.attacker.example", "localhost.attacker.example",
    "127.0.0",
    "127.0.0.1a", "10.0.0.1", "", "[::2]", "[fe80::1]:80",
  ])
  func refusesOtherNames(host: String) {
    let origin = RequestOrigin(names: RequestOrigin.loopbackNames(and: []))
    #expect(throws: HTTPError.self) { try origin.checkName(request([("Host", host)])) }
  }

  /// Two servers could read such a field differently, so it is refused as malformed at every address.
  @Test(arguments: [
    "[::1]evil", "[::1].evil.example", "[::1", "::1", "[]", "localhost:evil", "localhost:80:80",
    "localhost:99999", "user@localhost", "localhost/", "local host", "local\thost",
  ])
  func refusesAnInvalidHost(host: String) {
    for names in [nil, RequestOrigin.loopbackNames(and: []), RequestOrigin.loopbackNames(and: ["*"])] {
      let error = #expect(throws: HTTPError.self) {
        try RequestOrigin(names: names).checkName(request([("Host", host)]))
      }
      #expect(error?.status.code == 400)
    }
  }

  @Test func theTargetsHostTakesPrecedence() {
    let origin = RequestOrigin(names: RequestOrigin.loopbackNames(and: []))
    func isServed(_ target: String, _ headers: [(name: String, value: String)] = [Self.own]) -> Bool {
      let request = HTTPRequest(method: "GET", target: target, headers: headers)
      return (try? origin.checkName(request)) != nil && (try? origin.check(request)) != nil
    }
    #expect(isServed("http://localhost:8080/events"))
    #expect(isServed("HTTP://LOCALHOST?x"))
    #expect(!isServed("http://attacker.example/events"))
    #expect(!isServed("http://user@localhost/events"))
    #expect(!isServed("https://[::2]:8080/events"))
    let page = (name: "Origin", value: "http://attacker.example")
    #expect(!isServed("http://attacker.example/events", [Self.own, page]))
    #expect(!isServed("http://localhost/events", [(name: "Host", value: "attacker.example"), page]))
  }

  @Test func servesEveryNameIfConfigured() {
    let anything = request([("Host", "attacker.example")])
    for names in [nil, RequestOrigin.loopbackNames(and: ["*"])] {
      #expect(throws: Never.self) { try RequestOrigin(names: names).checkName(anything) }
    }
  }

  static let own = (name: "Host", value: "localhost:8080")

  static let pages: [(headers: [(name: String, value: String)], allowed: Set<String>, isGood: Bool)] = [
    ([], [], true),
    ([("Origin", "http://localhost:8080")], [], true),
    ([("Origin", "https://LOCALHOST:8080")], [], true),
    ([("Origin", "http://localhost:3000")], [], false),
    ([("Origin", "http://evil.example")], [], false),
    ([("Origin", "null")], [], false),
    ([("Origin", "http://evil.example")], ["https://good.example"], false),
    ([("Origin", "https://good.example")], ["https://good.example", "https://b.example"], true),
    ([("Origin", "http://evil.example")], ["*"], true),
    ([("Sec-Fetch-Site", "cross-site")], [], false),
    ([("Sec-Fetch-Site", "same-site")], [], false),
    ([("Sec-Fetch-Site", "cross-site")], ["https://good.example"], false),
    ([("Sec-Fetch-Site", "cross-site"), ("Origin", "https://good.example")], ["https://good.example"], true),
    ([("Sec-Fetch-Site", "cross-site")], ["*"], true),
    ([("Sec-Fetch-Site", "same-origin")], [], true),
    ([("Sec-Fetch-Site", "none")], [], true),
    ([("Sec-Fetch-Site", "Cross-Site")], [], false),
    ([("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site")], [], false),
    ([("Sec-Fetch-Site", "of-tomorrow")], [], false),
    ([("Origin", "http://localhost:8080"), ("Sec-Fetch-Site", "same-site")], [], false),
    ([("Origin", "http://localhost:8080"), ("Sec-Fetch-Site", "same-origin")], [], true),
    ([("Origin", "http://localhost:8080"), ("Origin", "http://evil.example")], [], false),
    (
      [("Origin", "https://good.example"), ("Origin", "http://evil.example")], ["https://good.example"], false
    ),
    ([("Origin", "https://GOOD.example:443")], ["https://good.example"], true),
    ([("Origin", "http://good.example")], ["https://good.example"], false),
    ([("Origin", "")], [], false), ([("Origin", "localhost:8080")], [], false),
    ([("Origin", "file://localhost:8080")], [], false), ([("Origin", "http://localhost")], [], false),
    ([("Origin", "http://localhost:8080/")], [], false),
    ([("Origin", "http://localhost:8080 http://evil.example")], [], false),
  ]

  @Test(arguments: pages.indices) func classifiesPages(index: Int) {
    let page = Self.pages[index]
    let origin = RequestOrigin(allowed: page.allowed)
    let request = request([Self.own] + page.headers)
    let isGood = (try? origin.check(request)) != nil
    #expect(isGood == page.isGood, "\(page)")
  }

  /// A field without a port means the default port of the scheme.
  @Test(arguments: [
    ("localhost", "http://localhost", true), ("localhost:80", "http://localhost", true),
    ("localhost", "https://localhost", true), ("localhost:443", "https://localhost", true),
    ("localhost", "http://localhost:8080", false), ("localhost:8080", "http://localhost", false),
    ("[::1]:8080", "http://[::1]:8080", true), ("localhost.:8080", "http://localhost:8080", true),
  ])
  func aMissingPortIsThatOfTheScheme(host: String, page: String, isSame: Bool) {
    let request = request([("Host", host), ("Origin", page)])
    #expect(((try? RequestOrigin().check(request)) != nil) == isSame)
  }

  @Test func pagesOfAllowedOriginsMayReadTheResponse() {
    func headers(_ allowed: Set<String>, _ origin: String?) -> [String: String] {
      let request = request([Self.own] + (origin.map { [("Origin", $0)] } ?? []))
      return Dictionary(
        RequestOrigin(allowed: allowed).responseHeaders(request).map { ($0.name, $0.value) },
        uniquingKeysWith: { $1 })
    }
    let two: Set<String> = ["https://a.example", "https://b.example"]
    #expect(headers([], "https://a.example").isEmpty)
    let named = headers(two, "https://b.example")
    #expect(named["Access-Control-Allow-Origin"] == "https://b.example")
    #expect(named["Access-Control-Allow-Credentials"] == "true" && named["Vary"] == "Origin")
    for name in ["Last-Event-ID", "ETag", "Retry-After"] {
      #expect(named["Access-Control-Expose-Headers"]?.contains(name) == true)
    }
    #expect(headers(two, "https://evil.example") == ["Vary": "Origin"])
    #expect(headers(two, nil) == ["Vary": "Origin"])
    let any = headers(["*"], "https://evil.example")
    #expect(any["Access-Control-Allow-Origin"] == "*" && any["Access-Control-Allow-Credentials"] == nil)
  }

  @Test func requiresJSON() {
    for type in ["application/json", "Application/JSON; charset=utf-8", "application/cloudevents+json"] {
      #expect(throws: Never.self) { try RequestOrigin.requireJSON(request([("Content-Type", type)])) }
    }
    for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/json"] {
      #expect(throws: HTTPError.self) { try RequestOrigin.requireJSON(request([("Content-Type", type)])) }
    }
    #expect(throws: HTTPError.self) { try RequestOrigin.requireJSON(request([])) }
  }
}

/// Requests that a page of another site can make a browser send.
@Suite(.timeLimit(.minutes(1))) struct ForeignPageTests {
  static let foreign = [
    ["Origin: http://evil.example"], ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"],
    ["Host: attacker.example", "Origin: http://attacker.example"],
  ]

  func status(_ fanout: Fanout, _ path: String, _ headers: [String], _ more: [String] = []) throws -> String {
    let arguments =
      headers.flatMap { ["-H", $0] } + ["-o", "/dev/null", "-m", "2", "-w", "%{http_code}"] + more
    return String(try fanout.curl(path, arguments).output.prefix(3))
  }

  @Test func readNothing() throws {
    let fanout = try Fanout(["--snapshot", "--admin", ":0"])
    for headers in Self.foreign {
      for path in ["/events", "/ws", "/snapshot", "/api/v1/pods", "/api/v1/pods?watch=1"] {
        #expect(try status(fanout, path, headers) == "403", "\(path) \(headers)")
      }
      let question = headers.map { "-H '\($0)'" }.joined(separator: " ")
      #expect(try fanout.ask("/api/v1/streaming/clients", question)["code"] == .number("403"))
    }
    #expect(
      try status(fanout, "/", ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"]) == "200", "a link")
    #expect(try status(fanout, "/events", []) == "200")
  }

  @Test func startNoCommands() throws {
    let fanout = try Fanout(["--upstream", "cat {resourceType}", "--admin", ":0"])
    let stream = try fanout.listening("/api/watch/stream?cid=c")
    let body = ["-d", #"{"clientId":"c","resourceType":"pods"}"#]
    for headers in Self.foreign {
      #expect(try status(fanout, "/api/v1/secrets?watch=1", headers) == "403")
      #expect(try status(fanout, "/api/watch/stream?cid=d", headers) == "403")
      let json = headers + ["Content-Type: application/json"]
      #expect(try status(fanout, "/api/watch/subscribe", json, body) == "403")
    }
    #expect(try status(fanout, "/api/watch/subscribe", ["Content-Type: text/plain"], body) == "415")
    #expect(try status(fanout, "/api/watch/unsubscribe", ["Content-Type: text/plain"], body) == "415")
    #expect(try fanout.ask("/api/v1/streaming/broadcast", "-d '{}'")["code"] == .number("415"))
    #expect(try fanout.ask("/api/watch/stats")["upstreams"] == .number("0"))
    let refusal = try fanout.curl("/api/watch/stream?cid=e", ["-H", "Origin: http://evil.example"]).output
    #expect(refusal.hasPrefix(#"{"error":"#), "\(refusal)")
    stream.send(SIGKILL)
  }

  @Test func servesAConfiguredName() throws {
    let fanout = try Fanout([
      "--host", "fanout.example.org", "--cors", "https://a.example", "--cors", "https://b.example",
    ])
    #expect(try status(fanout, "/healthz", ["Host: fanout.example.org"]) == "200")
    #expect(try status(fanout, "/healthz", ["Host: other.example.org"]) == "403")
    #expect(try status(fanout, "/events", ["Origin: https://b.example"]) == "200")
    #expect(try status(fanout, "/events", ["Origin: https://c.example"]) == "403")
  }
}
