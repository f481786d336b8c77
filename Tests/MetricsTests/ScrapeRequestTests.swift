// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Metrics

struct ScrapeRequestTests {
  func answer(_ request: String, splitAt position: Int? = nil) -> String {
    var scrape = ScrapeRequest()
    let bytes = Array(request.utf8)
    let cut = position ?? bytes.count
    scrape.feed(bytes[..<cut])
    scrape.feed(bytes[cut...])
    guard scrape.isComplete else { return "incomplete" }
    return String(decoding: scrape.response { Array("m 1\n".utf8) }, as: UTF8.self)
  }

  @Test func answersGetAtAnySplit() {
    let request = "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"
    let whole = answer(request)
    #expect(whole.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"))
    #expect(whole.hasSuffix("\r\n\r\nm 1\n"))
    for position in 0...request.utf8.count { #expect(answer(request, splitAt: position) == whole) }
  }

  @Test func headHasTheLengthButNoBody() {
    let whole = answer("HEAD /metrics HTTP/1.1\n\n")
    #expect(whole.contains("Content-Length: 4\r\n"))
    #expect(whole.hasSuffix("\r\n\r\n"))
  }

  @Test func refusesOtherRequests() {
    #expect(answer("GET / HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 404"))
    #expect(answer("POST /metrics HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 405"))
    #expect(answer("nonsense\r\n\r\n").hasPrefix("HTTP/1.1 400"))
    #expect(answer(String(repeating: "x", count: 9000)).hasPrefix("HTTP/1.1 431"))
    #expect(answer("GET /metrics HTTP/1.1\r\nHost") == "incomplete")
  }
}
