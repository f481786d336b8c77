// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// `--lines`, `--filter` and batches.
@Suite(.timeLimit(.minutes(3))) struct WorkLinesTests {
  @Test(arguments: NATSServer.Version.installed, [1, 3])
  func everyLineIsAnsweredOnce(_ version: NATSServer.Version, _ jobs: Int) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    try bed.publish(1...3000, to: "w.a", stream: "W")
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--lines", "-j", "\(jobs)", "--until-now"]
        + folder.handler("tee -a \"log.$$\" | sed -u 's/.*/ok/'"))
    #expect(outcome.status == 0 && outcome.diagnostics.isEmpty, "\(outcome)")
    let logs = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter {
      $0.hasPrefix("log.")
    }
    #expect(logs.count == jobs)
    let seen = try logs.flatMap { sequences(in: try folder.read($0)) }
    #expect(seen.sorted() == Array(1...3000))
    #expect(try bed.info("W").state.messages == 0)
  }

  @Test(arguments: NATSServer.Version.installed) func acceptsAnswersByIdInAnyOrder(
    _ version: NATSServer.Version
  )
    throws
  {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    try bed.publish(1...9, to: "w.a", stream: "W")
    // The handler reads nine lines, and then answers in reverse order: a third ok, a third retry, a third
    // drop.
    let outcome = try bed.run(
      [
        "work", "w.>", "--durable", "D", "--lines", "--retries", "1", "--retry-initial", "50ms", "--reply",
        "r.x",
        "--until-now",
      ]
        + folder.handler(
          """
          answer() { case $(($1 % 3)) in 0) echo "reply $1"; echo "ok $1";; 1) echo "retry $1 later";; 2) echo "drop $1";; esac; }
          n=0; all=
          while read -r line; do
            s=${line##*\\"sequence\\":}; s=${s%%,*}
            n=$((n + 1)); all="$s $all"
            [ $n -eq 9 ] && for s in $all; do answer $s; done
            [ $n -gt 9 ] && answer $s
          done
          """))
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try bed.info("W").state.messages == 0)
    #expect(try bed.lines("r.x", "--raw") == ["reply 9", "reply 6", "reply 3"])
    let letters = try bed.lines("dlq.>").map {
      $0.contains(#""Natswatch-Attempts":"2""#) ? "tried" : "dropped"
    }
    #expect(letters.count == 6 && letters.count { $0 == "tried" } == 3, "\(letters)")
  }

  @Test(arguments: NATSServer.Version.installed) func aDeadHandlerUsesOneTryOfOneMessage(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    try bed.publish(1...20, to: "w.a", stream: "W")
    // The fifth message always kills its handler.
    let outcome = try bed.run(
      [
        "work", "w.>", "--durable", "D", "--lines", "--retries", "2", "--retry-initial", "50ms",
        "--until-now",
      ]
        + folder.handler(
          """
          while read -r line; do
            case $line in *'"sequence":5,'*) echo died >>deaths; exit 3;; esac
            echo ok
          done
          """))
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try folder.read("deaths") == "died\ndied\ndied\n")
    #expect(try bed.info("DLQ").state.messages == 1 && bed.info("W").state.messages == 0)
    #expect(sequences(in: outcome.output).isEmpty)
  }

  @Test(arguments: NATSServer.Version.installed) func invalidAnswersAreFailures(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    try bed.publish(1...1, to: "w.a", stream: "W")
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--lines", "--retries", "0", "--until-now"]
        + folder.handler("while read -r line; do echo done; done"))
    #expect(outcome.status == 0 && outcome.diagnostics.contains("ok, retry or drop"), "\(outcome)")
    #expect(try bed.info("DLQ").state.messages == 1)
  }

  @Test(arguments: NATSServer.Version.installed) func aSignalLetsHandlersFinish(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    try bed.publish(1...50, to: "w.a", stream: "W")
    let worker = try bed.start(
      ["work", "w.>", "--durable", "D", "--lines"]
        + folder.handler(
          "while read -r line; do echo \"$line\" >>log; sleep 0.02; echo ok; done; echo end >>ended"))
    try eventually("it is under way") { ((try? folder.read("log")) ?? "").split(separator: "\n").count > 3 }
    worker.send(SIGTERM)
    #expect(try worker.waitForEnd().status == 128 + SIGTERM)
    #expect(try folder.read("ended") == "end\n")
    let handled = sequences(in: try folder.read("log")).count
    #expect(try bed.info("W").state.messages == UInt64(50 - handled))
  }

  @Test(arguments: NATSServer.Version.installed) func acknowledgesMessagesThatDoNotMatch(
    _ version: NATSServer.Version
  )
    throws
  {
    let bed = try Bed.forWork(version)
    for text in [#"{"platform":"kubernetes"}"#, #"{"platform":"docker"}"#, "{}", "no JSON"] {
      _ = bed.jetStream.connection.publish(Array(text.utf8), to: "w.a")
    }
    try eventually("stored") { try bed.info("W").state.messages == 4 }
    let outcome = try bed.run(
      [
        "work", "w.>", "--durable", "D", "--filter", #"platform == "kubernetes""#, "--until-now", "--",
        "/bin/cat",
      ])
    #expect(outcome.status == 0 && outcome.output == #"{"platform":"kubernetes"}"#, "\(outcome)")
    #expect(try bed.info("W").state.messages == 0 && bed.info("DLQ").state.messages == 0)
    let wrong = try bed.run(["work", "w.>", "--durable", "D", "--filter", "platform ==", "--", "/bin/cat"])
    #expect(wrong.status == 64 && wrong.diagnostics.contains("--filter"), "\(wrong)")
  }
}
