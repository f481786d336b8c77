// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// A random mix of handler results, kills, cut connections, restarts, dry runs and duplicates, checked with
/// the recorded history of each message. It takes seconds in CI, and ten minutes with WATCHUTILS_SOAK.
@Suite(.timeLimit(.minutes(15))) struct WorkModelTests {
  private static let retries = 2

  /// The result of each completed handler run for a message. The last entry repeats.
  private enum Step: String { case ok, fail, drop }

  private struct Message {
    var plan: [Step]
    /// At least one of the messages with the same identifier is handled.
    var identifier: String
  }

  @Test(arguments: NATSServer.Version.installed) func everyMessageEndsAccordingToItsHistory(
    _ version: NATSServer.Version
  )
    throws
  {
    let isSoak = ProcessInfo.processInfo.environment["WATCHUTILS_SOAK"] != nil
    let seed = UInt64.random(in: 0..<1_000_000)
    print("model of work on \(version): seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let end = ContinuousClock.now + .seconds(isSoak ? 300 : 5)
    repeat { try round(version, &random, seed) } while ContinuousClock.now < end
  }

  private func round(_ version: NATSServer.Version, _ random: inout SeededGenerator, _ seed: UInt64) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    let messages = (1...40).map { number -> Message in
      let kind = Int.random(in: 0..<6, using: &random)
      let failures = Array(repeating: Step.fail, count: Int.random(in: 1...Self.retries, using: &random))
      let plan: [Step] =
        switch kind {
        case 0: [.fail]
        case 1: [.drop]
        case 2: failures + [.ok]
        default: [.ok]
        }
      return Message(plan: plan, identifier: kind == 5 ? "twin" : "own-\(number)")
    }
    for (index, message) in messages.enumerated() {
      folder.write(plan: message.plan.map(\.rawValue), for: index + 1)
      #expect(bed.jetStream.connection.publish(Array("{\"id\":\"\(message.identifier)\"}".utf8), to: "w.a"))
    }
    try eventually("stored") { try bed.info("W").state.messages == 40 }
    let command = try folder.handler(
      """
      s=$NATSWATCH_SEQUENCE
      sleep 0.0$(($$ % 10))
      # One write(2) appends the line: a run that was killed before it has not ended.
      n=$(($(grep -c "^$s " ends 2>/dev/null) + 1))
      step=$(sed -n "${n}p" plan.$s); [ -n "$step" ] || step=$(tail -n 1 plan.$s)
      echo "$s $step" >>ends
      case $step in ok) exit 0;; fail) exit 1;; drop) exit 65;; esac
      """)
    let flags = [
      "work", "w.>", "--durable", "D", "--retries", "\(Self.retries)", "--retry-initial", "20ms",
      "--retry-max", "50ms",
      "--ack-wait", "1s", "-j", "3", "--dedupe", "id", "--drain-timeout", "1s",
    ]
    _ = try folder.write("", to: "ends")
    var interruptions = 0
    for _ in 0..<Int.random(in: 2...5, using: &random) {
      let workers = try (0..<2).map { _ in try bed.start(flags + command) }
      Thread.sleep(forTimeInterval: Double.random(in: 0.1...0.6, using: &random))
      switch Int.random(in: 0..<5, using: &random) {
      case 0:
        // NATS before 2.10 loses acknowledgements when it is killed, and stores removed messages of a work
        // queue again. Of 15 messages that a plain client had acknowledged, all 15 came back or stayed for
        // ever.
        try bed.server.restart(by: version == .debian ? SIGTERM : SIGKILL)
        interruptions += 1
        for worker in workers { worker.send(SIGTERM) }
      case 1:
        let dry = try bed.run(["work", "w.>", "--durable", "D", "--dry-run", "--timeout", "300ms"])
        #expect(dry.status == 124)
        for worker in workers { worker.send(SIGTERM) }
      case 2:
        for worker in workers { worker.send(SIGKILL) }
        interruptions += 6
      default: for worker in workers { worker.send(SIGTERM) }
      }
      for worker in workers { _ = try worker.waitForEnd() }
    }
    let last = try bed.start(flags + ["--until-now"] + command)
    let outcome = try last.waitForEnd(.seconds(60))
    #expect(outcome.status == 0, "seed \(seed): \(outcome)")
    try check(bed.reconnected(), folder, messages, interruptions, seed)
  }

  private func check(
    _ bed: Bed, _ folder: TemporaryDirectory, _ messages: [Message], _ interruptions: Int, _ seed: UInt64
  ) throws {
    #expect(try bed.info("W").state.messages == 0, "seed \(seed)")
    var history: [Int: [Step]] = [:]
    for line in try folder.read("ends").split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 2, let number = Int(words[0]), let step = Step(rawValue: String(words[1])) else {
        continue
      }
      history[number, default: []].append(step)
    }
    var buried: [Int: Int] = [:]
    for letter in try bed.lines("dlq.>") {
      let mark = "\"Natswatch-Sequence\":\""
      guard let range = letter.range(of: mark),
        let number = Int(letter[range.upperBound...].prefix { $0.isNumber })
      else {
        continue
      }
      buried[number, default: 0] += 1
    }
    var twinsHandled = false
    for (index, message) in messages.enumerated() {
      let number = index + 1
      let steps = history[number] ?? []
      let comment = "seed \(seed), message \(number): plan \(message.plan), history \(steps)"
      if message.identifier == "twin" {
        twinsHandled = twinsHandled || steps.contains(.ok)
        #expect(buried[number] == nil, "\(comment): a duplicate is never buried")
        continue
      }
      if steps.contains(.drop) || message.plan == [.fail] {
        #expect(buried[number] == 1, "\(comment): buried once")
      }
      if buried[number] != nil {
        let failures = steps.count { $0 == .fail }
        #expect(
          steps.contains(.drop) || failures > Self.retries, "\(comment): buried before its tries were used up"
        )
        // A killed worker may have missed the end of its handler.
        #expect(failures <= Self.retries + 1 + interruptions, "\(comment): tried too often")
      } else {
        #expect(steps.contains(.ok), "\(comment): neither handled nor buried")
      }
    }
    if messages.contains(where: { $0.identifier == "twin" }) { #expect(twinsHandled, "seed \(seed)") }
  }
}

extension TemporaryDirectory {
  func write(plan: [String], for number: Int) {
    _ = try? write(plan.joined(separator: "\n") + "\n", to: "plan.\(number)")
  }
}

/// Large messages that arrive when a pull ends. libnats 3.4 corrupts its heap if a subscription is destroyed
/// at that moment.
@Suite(.timeLimit(.minutes(40))) struct WorkLargeMessageTests {
  @Test(arguments: NATSServer.Version.installed) func largeMessagesAtTheEndOfAPull(
    _ version: NATSServer.Version
  ) throws {
    let isSoak = ProcessInfo.processInfo.environment["WATCHUTILS_SOAK"] != nil
    let bed = try Bed(version)
    try bed.createStream("W", ["w.>"], more: #","max_msgs":20"#)
    let payload = Array(repeating: UInt8(ascii: "x"), count: bed.jetStream.connection.payloadLimit)
    let rounds = isSoak ? 100 : 2
    for round in 1...rounds {
      let workers = try (1...(isSoak ? 24 : 8)).map { number in
        try bed.start([
          "work", "w.>", "--durable", "D\(round)-\(number)", "--dlq", "none", "--timeout", "1s", "--", "true",
        ])
      }
      let end = ContinuousClock.now + .milliseconds(1_500)
      while ContinuousClock.now < end {
        #expect(bed.jetStream.connection.publish(payload, to: "w.a"))
        bed.jetStream.connection.flush(milliseconds: 2_000)
        Thread.sleep(forTimeInterval: 0.1)
      }
      for worker in workers {
        let outcome = try worker.waitForEnd(.seconds(60))
        #expect(outcome.status == 124, "\(outcome)")
      }
    }
  }
}
