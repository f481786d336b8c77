// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

/// Commands of all kinds, and their effects on clients and the system.
@Suite(.timeLimit(.minutes(2))) struct UpstreamTests {
  let directory: TemporaryDirectory
  let script: String

  init() throws {
    directory = try TemporaryDirectory()
    script = try directory.write(
      #"""
      event() { echo "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"$1\",\"resourceVersion\":\"3\"}}}"; }
      error() { echo '{"type":"ERROR","object":{"kind":"Status","message":"my own words","code":410}}'; }
      wait_forever() { while :; do sleep 0.1; done; }
      echo "$1" >> "$0.starts"
      case "${1##*/}" in
      denied) echo "no rights: secret-word" >&2; exit 77 ;;
      bad) exit 64 ;;
      expired) error; exit 75 ;;
      unusual) error | sed 's/"code":410/"code":"none"/'; exit 1 ;;
      refused) error; echo secret-word >&2; exit 1 ;;
      broken) event first; sleep 1.5; error; exit 75 ;;
      slow) event first; sleep 0.3; event second; trap 'exit 0' TERM; wait_forever ;;
      crash) exit 1 ;;
      done) exit 0 ;;
      late) event first; sleep 1.5; echo "it is gone" >&2; exit 66 ;;
      escaped) setsid bash -c 'echo "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"$$\"}}}"; exec sleep 300' &
        trap 'exit 0' TERM; wait_forever ;;
      stubborn) trap '' TERM; event $$; wait_forever ;;
      closed) event $$; exec >&- 2>&-; trap 'exit 0' TERM; wait_forever ;;
      forked) (trap '' TERM; sleep 300) & event $!; exit 3 ;;
      descriptors) for fd in /proc/$$/fd/*; do case $(readlink $fd) in socket*|*eventpoll*) event leak ;; esac; done
        event "$(ulimit -Sn)"; trap 'exit 0' TERM; wait_forever ;;
      resumed) event "after-$2"; trap 'exit 0' TERM; wait_forever ;;
      *) event $$; trap 'exit 0' TERM; wait_forever ;;
      esac
      """#, to: "source.sh")
  }

  func fanout(
    _ fields: String = "{resourceType}", _ configuration: String = "", _ more: [String] = []
  ) throws -> Fanout {
    try Fanout(
      ["--upstream", "/bin/bash \(script) \(fields)", "--admin", ":0"] + more, configuration: configuration)
  }

  func watch(_ fanout: Fanout, _ resource: String, _ query: String = "") throws -> RunningTool {
    try fanout.listening("/api/v1/\(resource)?watch=1\(query)")
  }

  func status(_ fanout: Fanout, _ path: String) throws -> String {
    String(try fanout.curl(path, ["-o", "/dev/null", "-m", "5", "-w", "%{http_code}"]).output.prefix(3))
  }

  func subscribe(_ fanout: Fanout, _ id: String, _ resource: String) throws -> String {
    try fanout.curl(
      "/api/watch/subscribe",
      [
        "-H", "Content-Type: application/json", "-d",
        #"{"clientId":"\#(id)","resourceType":"\#(resource)"}"#, "-o", "/dev/null", "-w", "%{http_code}",
      ]
    ).output
  }

  /// The process of an event's `name`.
  func process(_ watch: RunningTool) throws -> pid_t {
    let line = try watch.waitForLines(1)[0]
    let name = line.split(separator: "\"name\":\"").last?.prefix { $0.isNumber } ?? ""
    return try #require(pid_t(name), "\(line)")
  }

  func isAlive(_ process: pid_t) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else {
      return false
    }
    return text.split(separator: ")").last?.hasPrefix(" Z") == false
  }

  var starts: Int {
    (try? String(contentsOfFile: script + ".starts", encoding: .utf8).split(separator: "\n").count) ?? 0
  }

  @Test func aCommandInheritsNoDescriptorsAndTheOldLimit() throws {
    let tool = try Tool.shell(
      "ulimit -Sn 500; exec wfanout --listen 127.0.0.1:0 --upstream '/bin/bash \(script) {resourceType}'")
    try tool.waitForDiagnostics("http://127.0.0.1:")
    let url = try #require(tool.soFar.diagnostics.matches(of: /http:\/\/[0-9.:]+/).first.map { String($0.0) })
    let other = try Tool.shell("exec curl -sN '\(url)/api/v1/pods?watch=1'")
    try other.waitForLines(1)
    let watch = try Tool.shell("exec curl -sN '\(url)/api/v1/descriptors?watch=1'")
    #expect(try watch.waitForLines(1)[0].contains(#""name":"500""#))
  }

  @Test func noCommandOutlivesTheServer() throws {
    for signal in [SIGTERM, SIGKILL] {
      let fanout = try fanout()
      // One process ignores SIGTERM, the other has left the process group and session of its command.
      let processes = try ["stubborn", "escaped"].map { try process(watch(fanout, $0)) }
      fanout.tool.send(signal)
      _ = try fanout.tool.waitForEnd(.seconds(30))
      for process in processes {
        try eventually("process \(process) has ended after signal \(signal)") { !isAlive(process) }
      }
    }
  }

  @Test func descendantsInOtherGroupsEndWithTheirCommand() throws {
    let fanout = try fanout("{resourceType}", "grace: 1s")
    let watch = try watch(fanout, "escaped")
    let process = try process(watch)
    watch.send(SIGKILL)
    try eventually("process \(process) has ended with its command") { !isAlive(process) }
  }

  @Test func detectsACommandThatClosesItsOutput() throws {
    let fanout = try fanout()
    let watch = try watch(fanout, "closed")
    let process = try process(watch)
    let lines = try watch.waitForEnd(.seconds(20)).lines
    #expect(lines.count == 2 && lines[1].contains(#""type":"ERROR""#), "\(lines)")
    #expect(lines.last?.contains("closed its output") == true)
    #expect(!isAlive(process))
  }

  @Test func detectsACommandWhoseDescendantHoldsItsOutput() throws {
    let fanout = try fanout()
    let watch = try watch(fanout, "forked")
    let descendant = try process(watch)
    #expect(try watch.waitForEnd(.seconds(20)).lines.last?.contains("exit status 3") == true)
    try eventually("the descendant has ended") { !isAlive(descendant) }
    #expect(try fanout.ask("/api/watch/stats")["upstreams"] == .number("0"))
  }

  @Test func aWatchWhoseCommandFailsAtOnceIsRefused() throws {
    let fanout = try fanout()
    #expect(try status(fanout, "/api/v1/denied?watch=1") == "403")
    #expect(try status(fanout, "/api/v1/bad?watch=1") == "400")
    #expect(try status(fanout, "/api/v1/expired?watch=1") == "410", "its ERROR line is no event")
    let unusual = try fanout.curl("/api/v1/unusual?watch=1", ["-i"]).output
    #expect(unusual.contains(" 500 ") && unusual.contains("my own words"), "\(unusual)")
    let refusal = try fanout.curl("/api/v1/denied?watch=1", ["-i"]).output
    #expect(refusal.contains("no rights") && refusal.contains("Retry-After: "), "\(refusal)")
  }

  @Test func aWatchWhoseCommandFailsLaterGetsAnError() throws {
    let fanout = try fanout()
    let lines = try watch(fanout, "late").waitForEnd(.seconds(20)).lines
    #expect(lines.count == 2 && lines[0].contains("first"))
    #expect(lines.last?.contains(#""type":"ERROR","object":{"kind":"Status""#) == true, "\(lines)")
    #expect(lines.last?.contains(#""code":404"#) == true && lines.last?.contains("it is gone") == true)
  }

  @Test func theInitialEventsOfACommandAreComplete() throws {
    let fanout = try fanout("{resourceType}", "", ["--snapshot"])
    let query = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    let lines = try watch(fanout, "slow", query).waitForLines(3)
    #expect(lines[0].contains("first") && lines[1].contains("second"), "\(lines)")
    #expect(lines[2].contains("initial-events-end"), "\(lines)")
  }

  @Test func aCommandsOwnErrorIsNotRepeated() throws {
    let fanout = try fanout()
    let lines = try watch(fanout, "broken").waitForEnd(.seconds(20)).lines
    #expect(lines.count == 2 && lines[1].contains("my own words"), "\(lines)")
  }

  @Test(arguments: ["expired", "refused"])
  func aCommandsOwnErrorIsTheReason(_ resource: String) throws {
    let fanout = try fanout()
    let failed = try fanout.curl("/api/v1/\(resource)?watch=1", ["-w", "%{http_code}"]).output
    #expect(failed.hasSuffix("410") && failed.contains("my own words"), "\(failed)")
    let stream = try fanout.listening("/api/watch/stream?cid=c")
    #expect(try subscribe(fanout, "c", resource) == "200")
    try stream.wait(for: "the error", .seconds(10)) { $0.soFar.output.contains("event: watch-error\n") }
    let error = stream.soFar.output
    #expect(error.contains(#""code":410"#) && error.contains("my own words"), "\(error)")
    #expect(!failed.contains("secret-word") && !error.contains("secret-word"))
  }

  @Test func aCommandsStderrCanBeHidden() throws {
    let fanout = try fanout("{resourceType}", "hide-stderr: true")
    let stream = try fanout.listening("/api/watch/stream?cid=c")
    #expect(try subscribe(fanout, "c", "denied") == "200")
    try stream.wait(for: "the error", .seconds(10)) { $0.soFar.output.contains("event: watch-error\n") }
    #expect(stream.soFar.output.contains("exit status 77") && !stream.soFar.output.contains("secret-word"))
  }

  @Test func aCrashLoopBacksOffForAllClients() throws {
    let fanout = try fanout()
    let streams = try (0..<3).map { try fanout.listening("/api/watch/stream?cid=c\($0)") }
    let end = ContinuousClock.now + .seconds(3)
    while ContinuousClock.now < end {
      for index in streams.indices { #expect(try subscribe(fanout, "c\(index)", "crash") == "200") }
      #expect(try status(fanout, "/api/v1/crash?watch=1") != "200")
    }
    // Starts at 0, 1 and 3 s for the channel, and the same number for its Kubernetes path.
    #expect(starts <= 6)
  }

  @Test func limitsTheNumberOfCommands() throws {
    let fanout = try fanout("{resourceType} [{namespace}]", "{max-upstreams: 2, grace: 60s}")
    let first = try watch(fanout, "a")
    try first.waitForLines(1)
    // A command without listeners counts too.
    let second = try watch(fanout, "b")
    try second.waitForLines(1)
    second.send(SIGKILL)
    let refused = try fanout.curl("/api/v1/c?watch=1", ["-i"]).output
    #expect(refused.hasPrefix("HTTP/1.1 503") && refused.contains("Retry-After: "), "\(refused)")
    #expect(try watch(fanout, "a").waitForLines(1).count == 1, "one that runs is shared")
  }

  @Test func limitsTheCommandsOfOneClient() throws {
    let tokens = try directory.write("ta ann\ntb bob\n", to: "tokens")
    let fanout = try Fanout(
      ["--upstream", "/bin/sh \(script) {resourceType}", "--auth-tokens", tokens],
      configuration: "{max-upstreams: 4, max-client-upstreams: 2}")
    func watch(_ resource: String, _ token: String) throws -> RunningTool {
      try fanout.listen("/api/v1/\(resource)?watch=1", ["-H", "Authorization: Bearer \(token)"])
    }
    let ann = try ["a", "b"].map { try watch($0, "ta") }
    for watch in ann { try watch.waitForLines(1) }
    let refused = try fanout.curl("/api/v1/c?watch=1", ["-i", "-H", "Authorization: Bearer ta"]).output
    #expect(refused.hasPrefix("HTTP/1.1 503") && refused.contains("max-client-upstreams"), "\(refused)")
    try watch("c", "tb").waitForLines(1)
  }

  @Test func aClientCannotUseUpTheStartsOfAll() throws {
    let tokens = try directory.write("ta ann\ntb bob\n", to: "tokens")
    let fanout = try Fanout(
      ["--upstream", "/bin/sh \(script) {resourceType} {namespace}", "--auth-tokens", tokens],
      configuration: "{max-upstreams: 4, max-client-upstreams: 2}")
    func status(_ namespace: String, _ token: String) throws -> String {
      try fanout.curl(
        "/api/v1/namespaces/\(namespace)/done?watch=1",
        ["-o", "/dev/null", "-w", "%{http_code}", "-H", "Authorization: Bearer \(token)"]
      ).output
    }
    // Each of these commands ends at once, and counts against no limit but that of starts.
    let answers = try (0..<12).map { try status("n\($0)", "ta") }
    #expect(answers.contains("503"), "\(answers)")
    #expect(try status("other", "tb") != "503")
  }

  @Test func aFieldThatTheCommandDoesNotTakeIsRefused() throws {
    let fanout = try fanout()
    #expect(try status(fanout, "/api/v1/namespaces/n/pods?watch=1") == "400")
    #expect(try status(fanout, "/api/v1/pods/a?watch=1") == "400")
  }

  @Test func passesTheResumePositionToTheCommand() throws {
    let fanout = try fanout("{resourceType} {resourceVersion}")
    let watch = try watch(fanout, "resumed", "&resourceVersion=17")
    #expect(try watch.waitForLines(1)[0].contains("after-17"))
    let again = try self.watch(fanout, "resumed", "&resourceVersion=17")
    #expect(try again.waitForLines(1)[0].contains("after-17"))
    let other = try self.watch(fanout, "resumed", "&resourceVersion=18")
    #expect(try other.waitForLines(1)[0].contains("after-18"))
  }

  @Test func aListHasTheObjectsOfTheCommand() throws {
    let fanout = try fanout()
    let list = try fanout.curl("/api/v1/pods").output
    #expect(list.contains(#""items":[{"metadata":{"name":"#), "\(list)")
    #expect(try status(fanout, "/api/v1/denied") == "403")
  }

  @Test func eventsIsNotAvailable() throws {
    let fanout = try fanout()
    for path in ["/", "/events", "/snapshot"] {
      let answer = try fanout.curl(path, ["-i"]).output
      #expect(answer.hasPrefix("HTTP/1.1 404") && answer.contains("/api/watch/subscribe"), "\(answer)")
    }
  }

  @Test func aMissingCommandEndsItAtOnce() throws {
    let outcome = try Tool.run("wfanout", ["--upstream", "no-such-command {resourceType}"])
    #expect(outcome.status == 64 && outcome.diagnostics.contains("no-such-command"))
  }
}
