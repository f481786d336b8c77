// SPDX-License-Identifier: Apache-2.0
import NIOHPACK
import NIOHTTP1
import Testing

@testable import WfanoutCore

/// The head of a request of HTTP/2, in the form of HTTP/1.
struct HTTP2RequestTests {
  @Test func anHTTP2RequestHasOneHost() throws {
    func hosts(_ fields: [(String, String)]) throws -> [String] {
      let head = try #require(
        HTTP2Exchange.head(HPACKHeaders([(":method", "GET"), (":path", "/")] + fields)))
      return head.headers["host"]
    }
    #expect(try hosts([(":authority", "localhost")]) == ["localhost"])
    #expect(try hosts([(":authority", "localhost"), ("host", "localhost")]) == ["localhost"])
    #expect(try hosts([("host", "localhost")]) == ["localhost"])
    for fields in [
      [(":authority", "localhost"), ("host", "evil.example")],
      [("host", "localhost"), ("host", "evil.example")],
    ] {
      let headers = try hosts(fields).map { (name: "host", value: $0) }
      #expect(!HTTPRequest(method: "GET", target: "/", headers: headers, version: .http2).hasHost)
    }
  }

  @Test func aRequestOfHTTP2WithoutAPathIsAnswered() throws {
    let head = HTTP2Exchange.head([":method": "CONNECT", ":authority": "localhost:22"])
    #expect(head?.uri == "*")
    #expect(HTTP2Exchange.head(["checksum": "1"]) == nil, "trailers")
  }
}
