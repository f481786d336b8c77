// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(1))) struct SocketActivationTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Opens sockets as a service manager does and becomes wfanout.
  func activate(
    _ hosts: [String], names: String, _ arguments: String = "", command: String = "wfanout"
  ) throws -> RunningTool {
    let script = try directory.write(
      """
      import os, socket, sys
      hosts = sys.argv[1].split(",")
      sockets = [socket.create_server((host, 0)) for host in hosts]
      copies = [os.dup2(one.fileno(), 100 + index) for index, one in enumerate(sockets)]
      for index, copy in enumerate(copies): os.dup2(copy, 3 + index)
      os.closerange(3 + len(hosts), 200)
      os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(hosts)), LISTEN_FDNAMES=sys.argv[2])
      os.execvp(sys.argv[3], sys.argv[3:])
      """, to: "activate.py")
    return try Tool.shell(
      "exec python3 \(script) '\(hosts.joined(separator: ","))' '\(names)' \(command) \(arguments)")
  }

  func status(_ port: Substring, _ path: String) throws -> String {
    try Tool.shell("exec curl -sS -o /dev/null -w '%{http_code}' 'http://127.0.0.1:\(port)\(path)'")
      .waitForEnd().output
  }

  func port(_ tool: RunningTool, after text: String) -> Substring {
    let address = tool.soFar.diagnostics.split(separator: text).last ?? ""
    return (address.split(separator: "http://127.0.0.1:").first ?? "").prefix { $0.isNumber }
  }

  @Test func servesPassedSockets() throws {
    let tool = try activate(["127.0.0.1", "127.0.0.1"], names: "http:admin")
    try tool.waitForDiagnostics("listening on ")
    #expect(try status(port(tool, after: "listening on "), "/healthz") == "200")
    #expect(try status(port(tool, after: "serving operators on "), "/api/v1/streaming/status") == "200")
    #expect(!tool.soFar.diagnostics.contains("8080"), "the default address is for those without sockets")
  }

  /// The command of the unit with the scripts of this repository, and `%I` replaced as in systemd.service(5).
  @Test func theUnitServesItsSocket() throws {
    let line = try Repository.text("dist/systemd/wfanout@.service").split(separator: "\n")
      .first { $0.hasPrefix("ExecStart=") }
    let command = try #require(line?.dropFirst("ExecStart=".count))
    let natswatch = try directory.write(
      """
      #!/bin/sh
      echo "subject $1, $([ -e /proc/self/fd/3 ] && echo the socket || echo no socket), notify '$NOTIFY_SOCKET'" >&2
      exec sleep 60
      """, to: "natswatch")
    #expect(unsafe chmod(natswatch, 0o755) == 0)
    let arguments = command.replacing("%I", with: "'a.>'").replacing("$WFANOUT_OPTIONS", with: "")
      .replacing("/usr/lib/watchutils/", with: Repository.root.path + "/dist/libexec/")
    let tool = try activate(
      ["127.0.0.1"], names: "",
      "PATH=\"\(directory.url.path):$PATH\" NOTIFY_SOCKET=/nonexistent \(arguments)", command: "env")
    try tool.waitForDiagnostics("listening on ")
    try tool.waitForDiagnostics("subject a.>, no socket, notify ''")
    #expect(try status(port(tool, after: "listening on "), "/healthz") == "200")
    #expect(!tool.soFar.diagnostics.contains("8080"))
  }

  @Test func anOpenSocketNeedsTokensToo() throws {
    let refused = try activate(["0.0.0.0"], names: "").waitForEnd()
    #expect(refused.status == 64)
    #expect(refused.diagnostics.contains("--no-auth"))
    #expect(try activate(["0.0.0.0"], names: "admin", "--no-auth").waitForEnd().status == 64)
  }

  @Test func readsTheEnvironmentAsSystemdWritesIt() {
    func list(_ environment: [String: String]) -> [InheritedSocket] {
      InheritedSocket.list(processIdentifier: 7) { environment[$0] }
    }
    #expect(
      list(["LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"])
        == [InheritedSocket(descriptor: 3, name: "a"), InheritedSocket(descriptor: 4, name: "b")])
    #expect(list(["LISTEN_PID": "7", "LISTEN_FDS": "1"]) == [InheritedSocket(descriptor: 3, name: "")])
    #expect(list(["LISTEN_PID": "8", "LISTEN_FDS": "1"]).isEmpty, "for another process")
    for count in ["", "x", "0", "-1", "99999999999"] {
      #expect(list(["LISTEN_PID": "7", "LISTEN_FDS": count]).isEmpty)
    }
    #expect(list([:]).isEmpty)
  }
}
