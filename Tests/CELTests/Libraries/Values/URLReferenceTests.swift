// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// URLs by Go's rules.
struct URLReferenceTests {
  @Test func givesTheParts() throws {
    let url = try URLReference(parsing: "HTTPS://user:pass@example.com:80/path?query=val#fragment")
    #expect(url.scheme == "https")
    #expect(url.host == "example.com:80")
    #expect(url.hostname == "example.com")
    #expect(url.port == "80")
    #expect(url.escapedPath == "/path")
    #expect(url.query.map(\.key) == ["query"])
    #expect(url.userInfo == "user:pass")
  }

  @Test(
    arguments: [
      ("https://[::1]:80/", "[::1]:80", "::1", "80"), ("https://[::1]/", "[::1]", "::1", ""),
      ("/path", "", "", ""),
      ("https://127.0.0.1:80/", "127.0.0.1:80", "127.0.0.1", "80"), ("http://a:/", "a:", "a", ""),
      ("http://[fe80::1%25en0]:8080/", "[fe80::1%en0]:8080", "fe80::1%en0", "8080"),
      ("mailto:a@b", "", "", ""),
      ("http://h%E4/", "h\u{FFFD}", "h\u{FFFD}", ""), ("//host/path", "host", "host", ""),
    ])
  func givesTheHost(_ text: String, _ host: String, _ hostname: String, _ port: String) throws {
    let url = try URLReference(parsing: text)
    #expect(url.host == host)
    #expect(url.hostname == hostname)
    #expect(url.port == port)
  }

  @Test(
    arguments: [
      ("https://example.com/path with spaces/", "/path%20with%20spaces/"), ("https://example.com", ""),
      ("/a%2Fb", "/a%2Fb"), ("/a%41", "/a%41"), ("/a%zz#", ""), ("/[x]", "/[x]"), ("/é", "/%C3%A9"),
      ("/a;b,c", "/a;b,c"),
      ("/a?b#c", "/a"), ("*", "*"), ("/a\"b", "/a%22b"),
    ])
  func givesTheEscapedPath(_ text: String, _ path: String) {
    #expect((try? URLReference(parsing: text))?.escapedPath ?? "" == path)
  }

  @Test func givesTheQuery() throws {
    func query(_ text: String) throws -> String {
      try URLReference(parsing: text).query.map { "\($0.key)=\($0.values.joined(separator: ","))" }.joined(
        separator: ";")
    }
    #expect(try query("https://example.com/path?k1=a&k2=b&k2=c") == "k1=a;k2=b,c")
    #expect(try query("/p?key with spaces=value+with%20spaces") == "key with spaces=value with spaces")
    #expect(try query("/p?") == "")
    #expect(try query("/p") == "")
    #expect(try query("/p?a&=b&&c=1=2") == "a=;=b;c=1=2")
    #expect(try query("/p?a;b=1&c=%zz&d=2") == "d=2")
  }

  @Test(
    arguments: [
      "", "../relative-path", "https://a:b:c/", "https://exa mple.com/", ":foo", "http://[::1/",
      "http://[::1]x/",
      "http://%41/", "http://a\u{7F}/", "/a\nb", "/%", "/%4", "http://us er@h/", "host/path", "?q", "#f",
      "http://h<>\\/",
      "http://[a%20]/", "1http://a",
    ])
  func refuses(_ text: String) {
    #expect(URLReference.requestProblem(text) != nil)
    #expect(throws: EvaluationError.self) { try URLReference(parsing: text) }
  }

  @Test func refusesOnlyAfterTheHash() {
    // Valid as a request target, in which # is an ordinary character. Invalid as a fragment.
    #expect(throws: EvaluationError.self) { try URLReference(parsing: "/a#%zz") }
  }
}
