// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

/// Many clients resume before the ring all the time.
@Suite(.timeLimit(.minutes(1))) struct ReplayQueueTests {
  static let epoch = "1700000000000000000"

  /// Prints the event after an id, as if no more had been there.
  static let source = #"""
    id=${1#*-}
    sed "s/NUMBER/$((id + 1))/g" "$0.message"
    """#

  /// 200 addresses resume with made-up ids, each again as soon as it has a response. Reports when 100 requests have
  /// no response yet.
  static let attack = #"""
    import asyncio, random, sys
    open_requests = 0
    async def resume(address):
        global open_requests
        while True:
            try:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", int(sys.argv[1]), local_addr=(address, 0))
                made_up = random.randrange(10, 900_000)
                writer.write(
                    b"GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: %s-%d\r\n\r\n"
                    % (sys.argv[2].encode(), made_up))
                open_requests += 1
                if open_requests == 100:
                    print("waiting", flush=True)
                head = await reader.read(100)
                open_requests -= 1
                writer.close()
            except OSError:
                await asyncio.sleep(0.1)
    async def all_addresses():
        await asyncio.gather(*(resume(f"127.0.1.{n}") for n in range(1, 201)))
    asyncio.run(all_addresses())
    """#

  @Test func oneClientIsServedWhileOthersResumeAllTheTime() throws {
    let directory = try TemporaryDirectory()
    let script = try directory.write(Self.source, to: "source.sh")
    let template = message(0).replacingOccurrences(of: #""0""#, with: #""NUMBER""#)
    try directory.write(
      template.replacingOccurrences(of: #""sequence":0"#, with: #""sequence":NUMBER"#) + "\n",
      to: "source.sh.message")
    let fanout = try Fanout(configuration: "catch-up: /bin/bash \(script) {resourceVersion}")
    let first = try fanout.listening("/events")
    fanout.feed(message(1_000_000))
    try first.wait(for: "an event", .seconds(10)) { $0.soFar.output.contains(message(1_000_000)) }
    let program = try directory.write(Self.attack, to: "attack.py")
    let attack = try Tool.shell("exec python3 '\(program)' \(fanout.port) \(Self.epoch)")
    defer { attack.send(SIGKILL) }
    try attack.waitForLines(1)
    for (address, number) in [("127.0.2.1", 500_000), ("127.0.2.2", 600_000), ("127.0.2.3", 700_000)] {
      let answer = try fanout.curl(
        "/events",
        [
          "-i", "--max-time", "9", "--interface", address, "-H", "Last-Event-ID: \(Self.epoch)-\(number)",
        ])
      #expect(answer.output.hasPrefix("HTTP/1.1 200"), "\(answer.output)")
      #expect(answer.output.contains(message(number + 1)))
    }
  }
}
