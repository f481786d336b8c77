// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

/// Clients that resume before the ring, with a source that can replay old events.
@Suite(.timeLimit(.minutes(1))) struct SourceReplayTests {
  let directory: TemporaryDirectory
  let fanout: Fanout
  static let epoch = "1700000000000000000"

  /// The source has the events from 3 to the number in the file `last`.
  init() throws {
    directory = try TemporaryDirectory()
    let script = try directory.write(
      #"""
      if [ "$1" -lt 3 ]; then echo "sequence $1 has expired" >&2; exit 75; fi
      for number in $(seq $(($1 + 1)) "$(cat "$0.last")"); do sed "s/NUMBER/$number/g" "$0.message"; done
      """#, to: "source.sh")
    let message = message(0).replacingOccurrences(of: #""0""#, with: #""NUMBER""#)
    try directory.write(
      message.replacingOccurrences(of: #""sequence":0"#, with: #""sequence":NUMBER"#) + "\n",
      to: "source.sh.message")
    try directory.write("12", to: "source.sh.last")
    fanout = try Fanout(configuration: "catch-up: /bin/bash \(script) {resourceVersion}")
  }

  func resume(_ query: String) throws -> RunningTool {
    try fanout.listening("/apis/g/v1/activities?watch=1&\(query)")
  }

  /// The ring begins at 10.
  func feed() throws {
    let first = try fanout.listening("/events")
    fanout.feed((10...12).map { message($0) })
    try first.wait(for: "the last", .seconds(10)) { $0.soFar.output.contains(message(12)) }
    first.send(SIGKILL)
  }

  @Test(arguments: ["5", "\(epoch)-5"]) func servesOlderEventsFromTheSource(version: String) throws {
    try feed()
    let watch = try resume("resourceVersion=\(version)")
    #expect(try watch.waitForLines(7) == (6...12).map { message($0) })
    fanout.feed([message(13), message(14)])
    #expect(try watch.waitForLines(9).suffix(2) == [message(13), message(14)])
    #expect(watch.lines.count == 9, "nothing comes twice")
  }

  /// A command that has printed everything has not crashed: the next client's command starts at once.
  @Test func oneClientAfterAnotherResumesAtTheSameVersion() throws {
    try feed()
    for _ in 1...4 {
      let watch = try resume("resourceVersion=5")
      #expect(try watch.waitForLines(7) == (6...12).map { message($0) })
      watch.send(SIGKILL)
      _ = try watch.waitForEnd()
    }
  }

  @Test func serverSentEventsResumeFromTheSource() throws {
    try feed()
    let listener = try fanout.listening("/events", ["-H", "Last-Event-ID: \(Self.epoch)-5"])
    try listener.wait(for: "12", .seconds(10)) { $0.soFar.output.contains(message(12)) }
    fanout.feed(message(13))
    try listener.wait(for: "13", .seconds(10)) { $0.soFar.output.contains(message(13)) }
    let ids = listener.soFar.output.split(separator: "\n").filter { $0.hasPrefix("id: ") }
    #expect(ids.suffix(8) == (6...13).map { "id: \(Self.epoch)-\($0)" }[...])
    #expect(!listener.soFar.output.contains("event: reset"))
  }

  /// A new leader of a JetStream cluster reports an earlier end until it has applied everything.
  @Test func aSourceThatLagsIsCompletedFromTheRing() throws {
    try feed()
    try directory.write("11", to: "source.sh.last")
    let watch = try resume("resourceVersion=5")
    #expect(try watch.waitForLines(7) == (6...12).map { message($0) })
    fanout.feed(message(13))
    #expect(try watch.waitForLines(8).last == message(13))
    #expect(watch.lines.count == 8, "nothing comes twice")
  }

  /// Messages between the source's last line and the ring would be missing.
  @Test func aSourceThatEndsBeforeTheRingEndsTheWatch() throws {
    try feed()
    try directory.write("7", to: "source.sh.last")
    let watch = try resume("resourceVersion=5")
    _ = try watch.waitForEnd()
    #expect(watch.lines == [message(6), message(7)])
  }

  /// A client that is cut off before the source has printed anything resumes where it was, at any replica.
  @Test func aSlowSourceLeavesTheClientItsId() throws {
    let slow = try directory.write(
      #"while [ ! -e "$0.go" ]; do sleep 0.1; done; cat "$0.go""#, to: "slow.sh")
    let fanout = try Fanout(
      ["--snapshot"], configuration: "catch-up: /bin/bash \(slow) {resourceVersion}\nheartbeat: 1s")
    let listener = try fanout.listen("/events", ["-H", "Last-Event-ID: \(Self.epoch)-5"])
    func ids() -> [Substring] { listener.soFar.output.split(separator: "\n").filter { $0.hasPrefix("id: ") } }
    try listener.wait(for: "heartbeats", .seconds(20)) { _ in ids().count >= 2 }
    #expect(Set(ids()) == ["id: \(Self.epoch)-5"])
    try directory.write(message(6) + "\n", to: "slow.sh.go")
    try listener.wait(for: "6", .seconds(10)) { $0.soFar.output.contains(message(6)) }
    #expect(!listener.soFar.output.contains("event: reset"))
    listener.send(SIGKILL)
  }

  /// A replica begins with messages that the client has received, and its ring was empty when the client came.
  @Test func aReplicaThatHasJustStartedRepeatsNothing() throws {
    let slow = try directory.write(#"while [ ! -e "$0.go" ]; do sleep 0.1; done"#, to: "slow.sh")
    let fanout = try Fanout(configuration: "catch-up: /bin/bash \(slow) {resourceVersion}")
    let watch = try fanout.listening("/apis/g/v1/activities?watch=1&resourceVersion=12")
    let other = try fanout.listening("/events")
    fanout.feed((10...12).map { message($0) })
    try other.wait(for: "12", .seconds(10)) { $0.soFar.output.contains(message(12)) }
    try directory.write("", to: "slow.sh.go")
    fanout.feed(message(13))
    #expect(try watch.waitForLines(1) == [message(13)])
  }

  /// As above, and nothing has come when the command ends.
  @Test func aReplicaWhoseFirstEventsComeLaterRepeatsNothing() throws {
    let fanout = try Fanout(configuration: "catch-up: /bin/true {resourceVersion}")
    let watch = try fanout.listening("/apis/g/v1/activities?watch=1&resourceVersion=12")
    fanout.feed((10...12).map { message($0) })
    fanout.feed((13...14).map { message($0) })
    #expect(try watch.waitForLines(2) == [message(13), message(14)])
  }

  /// The command ended before the events that the replica does not begin with were stored: they would be missing.
  @Test(arguments: [true, false]) func aReplicaThatBeginsLaterEndsTheWatch(beforeTheCommandEnds: Bool) throws
  {
    let slow = try directory.write(#"while [ ! -e "$0.go" ]; do sleep 0.1; done"#, to: "slow.sh")
    let command = beforeTheCommandEnds ? "/bin/bash \(slow)" : "/bin/true"
    let fanout = try Fanout(configuration: "catch-up: \(command) {resourceVersion}")
    let watch = try fanout.listening("/apis/g/v1/activities?watch=1&resourceVersion=5")
    let other = try fanout.listening("/events")
    fanout.feed((10...12).map { message($0) })
    try other.wait(for: "12", .seconds(10)) { $0.soFar.output.contains(message(12)) }
    try directory.write("", to: "slow.sh.go")
    #expect(try watch.waitForEnd().output.isEmpty)
  }

  /// The version of an object says nothing about our own numbering.
  @Test(arguments: [true, false]) func anObjectsVersionSkipsNothing(isFirst: Bool) throws {
    func object(_ version: Int) -> String {
      #"{"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a","resourceVersion":"\#(version)"}}}"#
    }
    let fanout = try Fanout(configuration: "catch-up: /bin/true {resourceVersion}")
    let other = try fanout.listening("/events")
    func feedFirst() throws {
      fanout.feed(object(6001))
      try other.wait(for: "6001", .seconds(10)) { $0.soFar.output.contains(object(6001)) }
    }
    if !isFirst { try feedFirst() }
    let watch = try fanout.listening("/api/v1/pods?watch=1&resourceVersion=6000")
    if isFirst { try feedFirst() }
    fanout.feed(object(6002))
    #expect(try watch.waitForLines(1).first == object(isFirst ? 6001 : 6002))
  }

  /// Before the first subscription, and during a stream.
  @Test(arguments: [true, false]) func webSocketsResumeFromTheSource(isFirst: Bool) throws {
    try feed()
    let client = try SocketClient(port: fanout.port, path: "/ws")
    let resume = #"{"type":"resume","last_event_id":"\#(Self.epoch)-5"}"#
    if isFirst { client.say(resume) }
    client.say(#"{"type":"subscribe","subscription":{}}"#)
    #expect(try client.nextMessage()["type"]?.string == "subscribed")
    if !isFirst { client.say(resume) }
    func ids(_ count: Int) throws -> [String?] {
      try (0..<count).map { _ in try client.nextMessage()["event_id"]?.string }
    }
    #expect(try ids(7) == (6...12).map { "\(Self.epoch)-\($0)" })
    fanout.feed([message(13), message(14)])
    #expect(try ids(2) == ["\(Self.epoch)-13", "\(Self.epoch)-14"])
  }

  @Test func aSubscriptionDuringACatchUpLosesNothing() throws {
    try feed()
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(#"{"type":"resume","last_event_id":"\#(Self.epoch)-5"}"#)
    for types in [#"["RESOURCE_ADDED"]"#, #"["RESOURCE_MODIFIED"]"#] {
      client.say(#"{"type":"subscribe","subscription":{"event_types":\#(types)}}"#)
    }
    var events: [String] = []
    while events.count < 7 {
      let message = try client.nextMessage()
      if message["type"]?.string == "event" { events.append(message["event_id"]?.string ?? "") }
    }
    #expect(events == (6...12).map { "\(Self.epoch)-\($0)" })
  }

  @Test func rawWebSocketsResumeFromTheSource() throws {
    try feed()
    let client = try SocketClient(port: fanout.port, path: "/ws?raw=1&lastEventId=\(Self.epoch)-5")
    for number in 6...12 { #expect(try client.next()?.text == message(number)) }
    fanout.feed(message(13))
    #expect(try client.next()?.text == message(13))
    let late = try SocketClient(port: fanout.port, path: "/ws?raw=1&lastEventId=\(Self.epoch)-1")
    #expect(try late.next()?.text.contains("410") == true, "the source has it no more")
  }

  @Test func aClientThatMissedNothingContinuesAfterARestart() throws {
    let watch = try resume("resourceVersion=12")
    fanout.feed(message(13))
    #expect(try watch.waitForLines(1) == [message(13)])
  }

  @Test func aMessageDuringACatchUpArrivesOnce() throws {
    try feed()
    try directory.write("13", to: "source.sh.last")
    let watch = try resume("resourceVersion=9&allowWatchBookmarks=true")
    #expect(try watch.waitForLines(3) == (10...12).map { message($0) }, "the ring has these")
    let old = try resume("resourceVersion=8")
    try old.waitForLines(5)
    fanout.feed([message(13), message(14)])
    #expect(try old.waitForLines(6) == (9...14).map { message($0) })
  }

  @Test func answers410ForEventsThatTheSourceLacks() throws {
    try feed()
    let refusal = try fanout.curl("/apis/g/v1/activities?watch=1&resourceVersion=1", ["-i"]).output
    #expect(refusal.hasPrefix("HTTP/1.1 410"), "\(refusal)")
    let listener = try fanout.listening("/events", ["-H", "Last-Event-ID: \(Self.epoch)-1"])
    try listener.wait(for: "a reset", .seconds(10)) { $0.soFar.output.contains("event: reset") }
  }

  @Test func theCommandNeedsAPlaceForTheResumePosition() throws {
    for text in ["natswatch a", "cat {resourceVersion} {namespace}", "no-such-command {resourceVersion}"] {
      let file = try directory.write("catch-up: \(text)", to: "bad.yaml")
      #expect(try Tool.run("wfanout", ["--config", file]).status == 64, "\(text)")
    }
  }

  /// Such a client would receive nothing until the stream gets there.
  @Test func anIdFarAheadOfTheSourceIsReset() throws {
    try feed()
    let listener = try fanout.listening("/events", ["-H", "Last-Event-ID: \(Self.epoch)-99999999999"])
    try listener.wait(for: "a reset", .seconds(10)) { $0.soFar.output.contains("event: reset") }
    fanout.feed(message(13))
    try listener.wait(for: "13", .seconds(10)) { $0.soFar.output.contains(message(13)) }
  }

  /// Ids of earlier streams, and what is no id: the source need not be asked.
  @Test func anIdThatTheSourceCannotKnowStartsNoCommand() throws {
    let script = try directory.write("touch \"$0.was-run\"; exit 75", to: "never.sh")
    let fanout = try Fanout(configuration: "catch-up: /bin/bash \(script) {resourceVersion}")
    let first = try fanout.listening("/events")
    fanout.feed((10...12).map { message($0) })
    try first.wait(for: "the last", .seconds(10)) { $0.soFar.output.contains(message(12)) }
    for id in ["1-5", "1600000000000000000-11"] {
      let listener = try fanout.listening("/events", ["-H", "Last-Event-ID: \(id)"])
      try listener.wait(for: "a reset", .seconds(10)) { $0.soFar.output.contains("event: reset") }
      let watch = try fanout.curl("/apis/g/v1/activities?watch=1&resourceVersion=\(id)", ["-i"]).output
      #expect(watch.hasPrefix("HTTP/1.1 410"), "\(watch)")
    }
    let watch = try fanout.curl("/apis/g/v1/activities?watch=1&resourceVersion=opaque", ["-i"]).output
    #expect(watch.hasPrefix("HTTP/1.1 410"), "\(watch)")
    #expect(!FileManager.default.fileExists(atPath: script + ".was-run"))
  }

  /// While one command prints the events from 3 on, it serves everyone who needs a part of them.
  @Test func aRunningCommandServesALaterIdToo() throws {
    let script = try directory.write(
      #"""
      echo "$1" >>"$0.started"
      for number in 4 5 6 7 8; do sed "s/NUMBER/$number/g" "$2.message"; done
      while [ ! -e "$0.go" ]; do sleep 0.1; done
      for number in 9 10 11 12; do sed "s/NUMBER/$number/g" "$2.message"; done
      """#, to: "shared.sh")
    let fanout = try Fanout(
      configuration:
        "catch-up: /bin/bash \(script) {resourceVersion} \(directory.path("source.sh"))\nmax-upstreams: 1")
    let first = try fanout.listening("/events")
    fanout.feed((10...12).map { message($0) })
    try first.wait(for: "the last", .seconds(10)) { $0.soFar.output.contains(message(12)) }
    func watch(_ version: Int) throws -> RunningTool {
      try fanout.listening("/apis/g/v1/activities?watch=1&resourceVersion=\(version)")
    }
    let early = try watch(3)
    #expect(try early.waitForLines(5) == (4...8).map { message($0) })
    let late = try watch(6)
    #expect(try late.waitForLines(2) == (7...8).map { message($0) })
    try directory.write("", to: "shared.sh.go")
    fanout.feed(message(13))
    #expect(try early.waitForLines(10) == (4...13).map { message($0) })
    #expect(try late.waitForLines(7) == (7...13).map { message($0) })
    #expect(try directory.read("shared.sh.started") == "3\n")
  }
}
