// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
  let directory: TemporaryDirectory
  let certificate: String
  let key: String

  init() throws {
    directory = try TemporaryDirectory()
    certificate = directory.path("cert.pem")
    key = directory.path("key.pem")
    try makeCertificate()
  }

  func makeCertificate(_ name: String = "") throws {
    let made = try Tool.shell(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
        + "-addext subjectAltName=IP:127.0.0.1 -keyout '\(key)\(name)' -out '\(certificate)\(name)'"
    ).waitForEnd()
    #expect(made.status == 0, "\(made)")
  }

  func fanout(_ arguments: [String] = [], configuration: String = "") throws -> Fanout {
    try Fanout(
      ["--tls-cert", certificate, "--tls-key", key] + arguments, configuration: configuration, scheme: "https"
    )
  }

  var trust: [String] { ["--cacert", certificate] }

  @Test func speaksHTTP2AndHTTP1OverTLS() throws {
    let fanout = try fanout()
    for (flag, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
      #expect(
        try fanout.curl("/healthz", trust + [flag, "-w", "%{http_version} %{http_code}"]).output
          == "ok\n\(version) 200")
      #expect(try fanout.curl("/none", trust + [flag, "-w", "%{http_code}"]).output.hasSuffix("404"))
      #expect(try fanout.curl("/healthz", trust + [flag, "-I"]).output.contains("ontent-"))
    }
    #expect(try fanout.curl("/ws", trust + ["--http2", "-w", "%{http_code}"]).output.hasSuffix("426"))
    let listeners = try ["--http2", "--http1.1"].map { try fanout.listening("/events", trust + [$0]) }
    fanout.feed((1...3).map { pod("p", version: $0) })
    for listener in listeners {
      try listener.wait(for: "three events", .seconds(10)) {
        $0.soFar.output.contains("data: \(pod("p", version: 3))\n\n")
      }
    }
    #expect(try fanout.end().status == 0)
    let outcomes = try listeners.map { try $0.waitForEnd() }
    for outcome in outcomes {
      #expect(outcome.status == 0, "the stream ends, it is not cut")
      #expect(outcome.output.contains("event: disconnect\n"))
    }
    #expect(
      outcomes[0].output.split(separator: "event: disconnect")[0].drop { $0 != "\n" }
        == outcomes[1].output.split(separator: "event: disconnect")[0].drop { $0 != "\n" })
    #expect(outcomes[0].diagnostics.contains("HTTP/2 200"))
  }

  /// HTTP/2 avoids a browser's limit of six connections.
  @Test func manyStreamsShareOneConnection() throws {
    let fanout = try fanout()
    let files = (0..<30).map { directory.path("out\($0)") }
    let targets = files.map { "-o '\($0)' '\(fanout.url)/events?n=1'" }.joined(separator: " ")
    let curl = try Tool.shell(
      "exec curl -sSN --http2 --cacert '\(certificate)' -Z --parallel-max 30 -H 'Accept: application/x-ndjson' "
        + "-w '%{num_connects}\\n' \(targets)")
    try eventually("all listen") {
      try fanout.curl("/metrics", trust).output.contains("wfanout_clients 30\n")
    }
    let lines = (1...500).map { pod("p", version: $0) }
    fanout.feed(lines)
    #expect(try fanout.end().status == 0)
    let outcome = try curl.waitForEnd()
    #expect(outcome.status == 0, "\(outcome.diagnostics)")
    #expect(outcome.lines.compactMap(Int.init).reduce(0, +) == 1, "connections made")
    for file in files {
      let got = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
      #expect(Array(got.prefix(500)) == lines)
    }
  }

  @Test func aSlowStreamIsSentTheNumberOfDroppedEvents() throws {
    let fanout = try fanout(["--ring", "256KiB"])
    let slow = try fanout.listening("/events", trust + ["--http2", "--limit-rate", "50k"])
    let quick = try fanout.listening("/events", trust + ["--http2"])
    let filler = String(repeating: "x", count: 4000)
    for number in 0..<1000 { fanout.feed(#"{"n":\#(number),"filler":"\#(filler)"}"#) }
    try quick.wait(for: "the last", .seconds(30)) { $0.soFar.output.contains(#"{"n":999,"#) }
    try slow.wait(for: "the gap", .seconds(30)) { $0.soFar.output.contains("event: gap\n") }
    slow.send(SIGKILL)
    quick.send(SIGKILL)
  }

  @Test func webSocketsAreSecureToo() throws {
    let fanout = try fanout()
    let client = try Tool.shell(
      """
      exec python3 -c '
      import socket, ssl, sys
      context = ssl.create_default_context(cafile=sys.argv[1])
      with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2]))), server_hostname="127.0.0.1") as s:
          s.sendall(b"GET /ws?raw=1 HTTP/1.1\\r\\nHost: localhost\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\n\\r\\n")
          got = b""
          while b"}" not in got:
              got += s.recv(4096)
              if b"\\r\\n\\r\\n" in got: print(got.split(b"\\r\\n")[0].decode(), flush=True)
          print(got.split(b"\\r\\n\\r\\n")[1])
      ' '\(certificate)' \(fanout.port)
      """)
    #expect(try client.waitForLines(1)[0] == "HTTP/1.1 101 Switching Protocols")
    fanout.feed(#"{"n":1}"#)
    #expect(try client.waitForEnd().output.hasSuffix(#"b'\x81\x07{"n":1}'"# + "\n"))
  }

  @Test func requestsWithABodyComeOverHTTP2() throws {
    let fanout = try fanout(["--upstream", "/bin/sh -c 'echo 1; sleep 60' {resourceType}"])
    let stream = try fanout.listening("/api/watch/stream?cid=a", trust + ["--http2"])
    let answer = try fanout.curl(
      "/api/watch/subscribe",
      trust + [
        "--http2", "-H", "Content-Type: application/json", "-d", #"{"clientId":"a","resourceType":"pods"}"#,
      ])
    #expect(answer.output == "{\"channel\":\"pods::::::\"}\n")
    try stream.wait(for: "the event", .seconds(10)) { $0.soFar.output.contains("event: watch\n") }
    stream.send(SIGKILL)
  }

  @Test func usesARenewedCertificate() throws {
    let fanout = try fanout()
    #expect(try fanout.curl("/healthz", trust).status == 0)
    try makeCertificate(".new")
    let replaced = try Tool.shell("mv '\(key).new' '\(key)' && mv '\(certificate).new' '\(certificate)'")
    #expect(try replaced.waitForEnd().status == 0)
    try eventually("the new one is served") { try fanout.curl("/healthz", trust).status == 0 }
  }

  @Test func closesAConnectionWithoutAHandshake() throws {
    let fanout = try fanout(configuration: "request-timeout: 1s")
    let silent = try RawPeer(fanout)
    #expect(silent.receiveToEnd() != nil)
    // The response must not be lost, neither because the client still sends when the connection is closed,
    // nor because of the time limit. With a limit of one second, some of these rounds start just before the
    // clock's next tick.
    for round in 0..<400 {
      let plain = try RawPeer(fanout)
      plain.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
      if round % 2 == 1 { plain.send([UInt8](repeating: 0x61, count: 300_000)) }
      plain.finishSending()
      let answer = try #require(plain.receiveToEnd())
      #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.contains("https://"))
    }
    #expect(try fanout.curl("/healthz", trust).status == 0)
  }

  @Test func reportsInvalidFiles() throws {
    func run(_ arguments: [String]) throws -> Tool.Outcome {
      try Tool.run("wfanout", ["--listen", ":0"] + arguments)
    }
    #expect(try run(["--tls-cert", certificate]).status == 64)
    let absent = try run(["--tls-cert", "/nonexistent", "--tls-key", key])
    #expect(absent.status == 78)
    #expect(absent.diagnostics.contains("read certificate '/nonexistent': No such file"))
    let noKey = try run(["--tls-cert", certificate, "--tls-key", certificate])
    #expect(noKey.status == 78 && noKey.diagnostics.contains("no PEM private key"))
    let noCertificate = try run(["--tls-cert", key, "--tls-key", key])
    #expect(noCertificate.status == 78 && noCertificate.diagnostics.contains("no PEM certificate"))
    try makeCertificate(".other")
    let foreign = try run(["--tls-cert", certificate, "--tls-key", key + ".other"])
    #expect(foreign.status == 78)
    #expect(foreign.diagnostics.contains("for certificate '\(certificate)'"))
  }

  @Test func usesOnlyForwardSecretCiphers() throws {
    let fanout = try fanout()
    func speaks(_ arguments: String) throws -> Bool {
      try Tool.shell("openssl s_client -connect 127.0.0.1:\(fanout.port) \(arguments) </dev/null")
        .waitForEnd()
        .status == 0
    }
    #expect(try speaks("-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256"))
    #expect(try speaks("-tls1_3"))
    #expect(try !speaks("-tls1_2 -cipher AES128-SHA:AES128-GCM-SHA256:AES256-SHA"))
    #expect(try !speaks("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA"))
    #expect(try !speaks("-tls1_1 -cipher ALL:@SECLEVEL=0"))
  }

  /// Each kind of flood is answered with GOAWAY, and nothing after it is read. `hpack` is a small header
  /// block that expands to 48 MB.
  @Test(arguments: ["settings", "ping", "priority", "continuation", "hpack", "window"])
  func aFloodOfFramesEndsTheConnectionAtOnce(kind: String) throws {
    let fanout = try fanout()
    let flood = try Tool.shell(
      """
      exec python3 -c '
      import socket, ssl, sys, time
      context = ssl.create_default_context(cafile=sys.argv[1]); context.set_alpn_protocols(["h2"])
      frame = lambda kind, flags, stream, body: len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body
      block = {"settings": frame(4, 0, 0, b"\\0\\3\\0\\0\\0d"), "ping": frame(6, 0, 0, b"12345678"),
               "priority": frame(2, 0, 3, b"\\0\\0\\0\\0\\1"), "continuation": frame(9, 0, 1, b"x" * 1000), "window": frame(8, 0, 0, b"\\0\\0\\0\\1"),
               # One header field of 4,000 bytes, and 12,000 references to it.
               "hpack": frame(1, 4, 1, b"\\x40\\1x\\x7f\\xa1\\x1e" + b"v" * 4000 + b"\\xbe" * 12000)}[sys.argv[3]]
      with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2]))), server_hostname="127.0.0.1") as s:
          s.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + frame(4, 0, 0, b""))
          if sys.argv[3] == "continuation": s.sendall(frame(1, 0, 1, b""))
          sent, start = 0, time.monotonic()
          try:
              while time.monotonic() - start < 12: s.sendall(block * 500); sent += 500 * len(block)
              print("open after", sent)
          except OSError: print("closed", round(time.monotonic() - start))
      ' '\(certificate)' \(fanout.port) \(kind)
      """)
    #expect(try flood.waitForEnd(.seconds(30)).output.hasPrefix("closed"))
    let status = try String(contentsOfFile: "/proc/\(fanout.tool.processIdentifier)/status", encoding: .utf8)
    let peak = status.matches(of: /VmHWM:\s+(\d+) kB/).first.flatMap { Int($0.1) } ?? .max
    #expect(peak < 200_000, "\(peak) kB")
    #expect(try fanout.curl("/healthz", trust).status == 0)
  }

  @Test func theValidatorIsAskedOverTLS() throws {
    try directory.write(
      """
      import http.server, ssl, sys
      class Handler(http.server.BaseHTTPRequestHandler):
          def do_POST(self):
              self.send_response(200)
              self.send_header("Content-Length", "27")
              self.end_headers()
              self.wfile.write(b'{"active":true,"sub":"ann"}')
          def log_message(self, *_): pass
      server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain("cert.pem", "key.pem")
      server.socket = context.wrap_socket(server.socket, server_side=True)
      print(server.server_address[1], flush=True)
      server.serve_forever()
      """, to: "validator.py")
    let validator = try Tool.shell("exec python3 validator.py", in: directory.url)
    let url = "https://127.0.0.1:\(try validator.waitForLines(1)[0])/"
    let token = ["-H", "Authorization: Bearer t", "-w", "%{http_code}"]
    let trusting = try Fanout(["--auth-url", url], configuration: "auth-ca: '\(certificate)'")
    #expect(try trusting.curl("/none", token).output.hasSuffix("404"))
    let wary = try Fanout(["--auth-url", url])
    #expect(try wary.curl("/none", token).output.hasSuffix("503"), "a certificate of nobody")
    for authority in ["/nonexistent", "/dev/null", "/dev/stdin"] {
      #expect(
        try Tool.run(
          "wfanout", ["--listen", ":0", "--auth-url", url, "--config", "/dev/stdin"],
          stdin: "auth-ca: \(authority)"
        ).status == 78)
    }
  }
}
