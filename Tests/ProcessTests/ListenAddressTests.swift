// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Process

@Suite struct ListenAddressTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var text: String
    var printed: String
    var isLocal: Bool
    var testDescription: String { text }

    init(_ text: String, _ printed: String, isLocal: Bool) {
      self.text = text
      self.printed = printed
      self.isLocal = isLocal
    }
  }

  @Test(arguments: [
    Case(":8080", "127.0.0.1:8080", isLocal: true), Case("localhost:1", "127.0.0.1:1", isLocal: true),
    Case("127.9.9.9:0", "127.9.9.9:0", isLocal: true), Case("0.0.0.0:80", "0.0.0.0:80", isLocal: false),
    Case("192.168.1.2:65535", "192.168.1.2:65535", isLocal: false),
    Case("[::1]:8080", "[::1]:8080", isLocal: true), Case("[::]:8080", "[::]:8080", isLocal: false),
    Case("[fe80::1%eth0]:1", "[fe80::1%eth0]:1", isLocal: false),
    Case("unix:/run/w.sock", "unix:/run/w.sock", isLocal: true),
  ])
  func reads(_ each: Case) throws {
    let address = try #require(ListenAddress(each.text))
    #expect(address.description == each.printed)
    #expect(address.isLocal == each.isLocal)
    #expect(address.isUnix == each.text.hasPrefix("unix:"))
    // The printed form parses to the same address.
    #expect(ListenAddress(address.description) == address)
  }

  @Test(arguments: [
    "", "8080", ":", ":65536", ":-1", ":+1 ", "host.example.org:80", "::1:80", "[::1]", "[127.0.0.1]:80",
    "[::1:80",
    "1.2.3:80", "1.2.3.256:80", "unix:", "unix:" + String(repeating: "a", count: 108), "http://127.0.0.1:80",
  ])
  func refuses(_ text: String) { #expect(ListenAddress(text) == nil) }

  @Test(arguments: [
    (":65536", "65535"), ("0.0.0.0:99999", "65535"), ("host.example.org:80", "0.0.0.0:80"), ("8080", ":PORT"),
    ("unix:" + String(repeating: "a", count: 108), "107 bytes"), ("http://127.0.0.1:80", "HOST:PORT"),
    ("localhost", ":PORT"), ("", ":PORT"),
  ])
  func namesTheRemedy(_ text: String, _ remedy: String) {
    #expect(ListenAddress.remedy(for: text).contains(remedy))
  }
}
