// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

/// A wfanout that validates tokens with a server in Python.
@Suite(.timeLimit(.minutes(1))) struct TokenValidatorTests {
  let directory: TemporaryDirectory
  let validator: RunningTool
  let url: String
  let fanout: Fanout

  init() throws {
    directory = try TemporaryDirectory()
    try directory.write(
      """
      import http.server, json, os, sys, time, urllib.parse
      class Handler(http.server.BaseHTTPRequestHandler):
          protocol_version = "HTTP/1.1"
          def do_POST(self):
              form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
              token = form["token"][0]
              if self.headers["Authorization"] != "Bearer " + token or self.path != "/auth/validate?a=1": token = "bad"
              print("asked", token, flush=True)
              if token == "slow": time.sleep(5)
              if token.startswith("made-up"): time.sleep(0.5)
              if token.startswith("made-up"): token = "bad"
              if token == "revoked" and os.path.exists("revoked"): token = "off"
              answers = {"revoked": (200, {"active": True, "sub": "ann"}), "good": (200, {"active": True, "sub": "ann"}), "a b&c": (200, {"active": True, "username": "bob"}),
                  "short": (200, {"active": True, "sub": "ann", "exp": time.time() + 3}), "off": (200, {"active": False}),
                  "nobody": (200, {"active": True}), "bad": (401, {})}
              status, answer = answers.get(token, (500, {}))
              body = json.dumps(answer).encode()
              self.send_response(status)
              self.send_header("Content-Length", str(len(body)))
              self.end_headers()
              self.wfile.write(body)
          def log_message(self, *_): pass
      server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
      print("port", server.server_address[1], flush=True)
      server.serve_forever()
      """, to: "validator.py")
    validator = try Tool.shell("exec python3 validator.py", in: directory.url)
    let port = try validator.waitForLines(1)[0].dropFirst(5)
    url = "http://127.0.0.1:\(port)/auth/validate?a=1"
    fanout = try Fanout(
      ["--auth-url", url, "--verbose", "--admin", ":0"],
      configuration: "{auth-timeout: 3s, auth-cache: 1s}")
  }

  func status(_ token: String, _ path: String = "/events") throws -> String {
    try fanout.curl(
      path, ["-H", "Authorization: Bearer \(token)", "-o", "/dev/null", "-m", "6", "-w", "%{http_code}"]
    ).output
  }

  @Test func acceptsTokensThatTheValidatorKnows() throws {
    #expect(try status("good", "/none") == "404")
    #expect(try status("a b&c", "/none") == "404")
    #expect(try status("bad", "/none") == "401")
    #expect(try status("off", "/none") == "401")
    #expect(try fanout.curl("/none", ["-o", "/dev/null", "-w", "%{http_code}"]).output == "401")
    #expect(try status("good", "/api/v1/pods?watch=1").hasPrefix("200"))
  }

  @Test func theIdentityOfTheValidatorReachesTheCommand() throws {
    let script = try directory.write(
      #"""
      echo "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\"},\"for\":\"$2\"}}"
      exec sleep 60
      """#, to: "source.sh")
    let fanout = try Fanout(
      ["--auth-url", url, "--upstream", "/bin/sh \(script) {resourceType} {identity}"])
    for (token, name) in [("good", "ann"), ("a b&c", "bob")] {
      let watch = try fanout.listening("/api/v1/pods?watch=1", ["-H", "Authorization: Bearer \(token)"])
      #expect(try watch.waitForLines(1)[0].contains(#""for":"\#(name)""#))
    }
  }

  @Test func refusesTokensWhileTheValidatorIsUnavailable() throws {
    #expect(try status("nobody", "/none") == "503", "whose it is was not said")
    #expect(try status("other", "/none") == "503", "status 500")
    #expect(try status("slow", "/none") == "503", "no answer in time")
    validator.send(SIGKILL)
    _ = try validator.waitForEnd()
    #expect(try status("fresh", "/none") == "503", "it is gone")
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(#"{"type":"auth","token":"fresh"}"#)
    #expect(try client.nextMessage()["code"]?.string == "INTERNAL_ERROR")
    #expect(try client.next()?.closeCode == 1013)
    let said = fanout.tool.soFar.diagnostics
    #expect(said.contains("no response within 3000 ms"))
    for token in ["nobody", "other", "slow", "fresh"] { #expect(!said.contains(token), "tokens stay secret") }
  }

  /// Malformed tokens must not displace tokens that wait for the validator.
  @Test func doesNotValidateImpossibleTokens() throws {
    for token in [#"a\r\nX: y"#, "", String(repeating: "x", count: 9000)] {
      let client = try SocketClient(port: fanout.port, path: "/ws")
      client.say(#"{"type":"auth","token":"\#(token)"}"#)
      #expect(try client.nextMessage()["code"]?.string == "AUTH_FAILED")
    }
    #expect(validator.lines.count == 1)
  }

  @Test func anAnswerIsRemembered() throws {
    for _ in 0..<2 { #expect(try status("good", "/none") == "404") }
    for _ in 0..<2 { #expect(try status("bad", "/none") == "401") }
    let together = try (0..<4).map { _ in
      try fanout.listen(
        "/none", ["-H", "Authorization: Bearer slow", "-o", "/dev/null", "-w", "%{http_code}"])
    }
    for one in together { #expect(try one.waitForEnd().output == "503") }
    let asked = validator.lines.dropFirst()
    #expect(asked.count { $0 == "asked good" } <= 2)
    #expect(asked.count { $0 == "asked bad" } <= 2)
    #expect(asked.count { $0 == "asked slow" } <= 2, "those who bring one token ask together")
  }

  @Test func aFloodOfInvalidTokensDoesNotLockOutAGoodOne() throws {
    let flood = try (0..<80).map {
      try fanout.listen("/none", ["-H", "Authorization: Bearer made-up-\($0)", "-o", "/dev/null"])
    }
    try eventually("the validator is asked") { validator.lines.contains { $0.hasPrefix("asked made-up") } }
    #expect(try status("good", "/none") == "404")
    let end = ContinuousClock.now + .seconds(2)
    for number in 0..<500 where ContinuousClock.now < end { _ = try status("more-\(number)", "/none") }
    for one in flood { try one.waitForEnd(.seconds(20)) }
    #expect(validator.lines.count { $0.hasPrefix("asked made-up") } < 60)
    let warnings = fanout.tool.soFar.diagnostics.split(separator: "\n").count {
      $0.contains("validate a token")
    }
    #expect(warnings <= 6, "strangers do not flood the log")
  }

  @Test func aTokenThatTheValidatorRevokesEndsItsStreams() throws {
    let listener = try fanout.listening("/events", ["-H", "Authorization: Bearer revoked"])
    try directory.write("", to: "revoked")
    #expect(try listener.waitForEnd(.seconds(20)).output.contains("auth_revoked"))
  }

  @Test func messagesAfterTheTokenWaitForItsValidation() throws {
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(#"{"type":"auth","token":"short"}"#)
    client.say(#"{"type":"subscribe","subscription":{}}"#)
    #expect(try client.nextMessage()["status"]?.string == "authenticated")
    #expect(try client.nextMessage()["type"]?.string == "subscribed")
    #expect(try client.nextMessage()["code"]?.string == "AUTH_EXPIRED", "exp holds")
    client.say(#"{"type":"auth","token":"bad"}"#)
    #expect(try client.nextMessage()["code"]?.string == "AUTH_FAILED")
    #expect(try client.next()?.closeCode == 1008)
  }
}

struct QuestionBudgetTests {
  @Test func badTokensUseTheBudgetAndTimeRefillsIt() {
    var budget = QuestionBudget(rate: 1, burst: 3, now: .zero)
    for _ in 0..<3 {
      #expect(budget.begin(now: .zero) == nil)
      budget.end(isRefused: true, now: .zero)
    }
    #expect(budget.begin(now: .zero) == .seconds(1))
    #expect(budget.begin(now: .seconds(1)) == nil)
  }

  @Test func goodTokensCostNothing() {
    var budget = QuestionBudget(rate: 1, burst: 3, now: .zero)
    for _ in 0..<100 {
      #expect(budget.begin(now: .zero) == nil)
      budget.end(isRefused: false, now: .zero)
    }
  }

  @Test func questionsInFlightCount() {
    var budget = QuestionBudget(rate: 1, burst: 3, now: .zero)
    for _ in 0..<3 { #expect(budget.begin(now: .zero) == nil) }
    #expect(budget.begin(now: .seconds(100)) != nil)
    budget.end(isRefused: false, now: .seconds(100))
    #expect(budget.begin(now: .seconds(100)) == nil)
  }
}

struct IntrospectionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var status = 200
    var body: String
    var verdict: Verdict
    var testDescription: String { "\(status) \(body)" }
  }

  static let cases = [
    Case(
      body: #"{"active":true,"sub":"ann","exp":200}"#, verdict: .identity(Identity(name: "ann", expires: 200))
    ),
    Case(
      body: #"{"active":true,"sub":"ann","exp":200.9}"#,
      verdict: .identity(Identity(name: "ann", expires: 200))),
    Case(body: #"{"active":true,"username":"bob"}"#, verdict: .identity(Identity(name: "bob"))),
    Case(body: #"{"active":false,"sub":"ann"}"#, verdict: .refused),
    Case(body: #"{"active":"false","sub":"ann"}"#, verdict: .refused),
    Case(body: #"{"active":"true","sub":"ann"}"#, verdict: .refused),
    Case(body: #"{"active":1,"sub":"ann"}"#, verdict: .refused),
    Case(body: #"{"active":null,"sub":"ann"}"#, verdict: .refused),
    Case(body: #"{"sub":"ann"}"#, verdict: .refused),
    Case(body: #"{"active":true,"sub":"ann","exp":100}"#, verdict: .refused),
    Case(status: 401, body: "", verdict: .refused),
    Case(status: 403, body: "", verdict: .refused),
    Case(body: #"{"active":true}"#, verdict: .unavailable),
    Case(body: #"{"active":true,"sub":""}"#, verdict: .unavailable),
    Case(body: #"{"active":true,"sub":"ann","exp":"soon"}"#, verdict: .unavailable),
    Case(body: #"{"active":true,"sub":"ann","exp":1e300}"#, verdict: .unavailable),
    Case(body: "ok", verdict: .unavailable),
    Case(body: #"{"active":true,"active":false,"sub":"ann"}"#, verdict: .refused),
    Case(body: #"{"active":false,"active":true,"sub":"ann"}"#, verdict: .refused),
    Case(body: #"{"active":true,"sub":"ann","nbf":101}"#, verdict: .refused),
    Case(body: #"{"active":true,"sub":"ann","nbf":100}"#, verdict: .identity(Identity(name: "ann"))),
    Case(body: #"{"active":true,"sub":"ann","nbf":"now"}"#, verdict: .unavailable),
    Case(body: #"{"active":true,"sub":"a\nb"}"#, verdict: .unavailable),
    Case(status: 204, body: "", verdict: .unavailable),
    Case(status: 500, body: #"{"sub":"ann"}"#, verdict: .unavailable),
    Case(status: 302, body: #"{"sub":"ann"}"#, verdict: .unavailable),
  ]

  @Test(arguments: cases) func interpretsResponsesAsTheRFCDefines(_ row: Case) {
    #expect(Introspection.verdict(status: row.status, body: Array(row.body.utf8), now: 100) == row.verdict)
  }

  @Test func remembersForAWhileButNotBeyondTheExpiry() {
    var cache = TokenCache(limit: 3, seconds: 30)
    cache.note(.identity(Identity(name: "a")), of: "a", now: 100)
    cache.note(.identity(Identity(name: "b", expires: 110)), of: "b", now: 100)
    cache.note(.refused, of: "c", now: 100)
    #expect(cache.verdict(of: "a", now: 129) == .identity(Identity(name: "a")))
    #expect(cache.verdict(of: "a", now: 130) == nil)
    #expect(cache.verdict(of: "b", now: 110) == nil)
    #expect(cache.verdict(of: "c", now: 104) == .refused)
    #expect(cache.verdict(of: "c", now: 105) == nil)
    // Invalid tokens are removed from the cache first.
    cache.note(.refused, of: "d", now: 101)
    #expect(cache.verdict(of: "a", now: 102) != nil)
    #expect(cache.verdict(of: "c", now: 102) == nil)
    for number in 0..<100 { cache.note(.identity(Identity(name: "x")), of: "\(number)", now: 103) }
    #expect(cache.count <= 3)
  }

  @Test(arguments: [
    "http://h/p?q=1", "http://127.0.0.1:8080", "http://[::1]:9/x#f", "https://h/", "https://h:80/",
  ]) func acceptsAURL(text: String) { #expect(ValidatorURL(text)?.description == text) }

  @Test(arguments: [
    "ftp://h/", "http://", "http://u:p@h/", "http://h:0/", "http://h:x/", "http://h/ x", "http://[::1/", "h",
    "",
  ]) func refusesWhatIsNotAURLOfAValidator(text: String) { #expect(ValidatorURL(text) == nil) }
}
