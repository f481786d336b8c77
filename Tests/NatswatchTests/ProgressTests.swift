// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import NatswatchCore

/// The progress line on a terminal.
@Suite(.timeLimit(.minutes(3))) struct NatswatchProgressTests {
  @Test(arguments: [
    "work w.a --durable D --until-now -- sh -c 'sleep 0.3' >/dev/null",
    "tail w.b --all --until-now | (read -r line; sleep 1; cat >/dev/null)",
    "publish r.x --rate 40 <lines >/dev/null",
  ])
  func isShownOnTheTerminal(_ command: String) throws {
    guard try Tool.shell("command -v python3").waitForEnd().status == 0 else {
      notTested("progress on a terminal", because: "python3 is not installed")
      return
    }
    let bed = try Bed.forWork(.current, retention: "limits")
    let folder = try TemporaryDirectory()
    try bed.publish(1...6, to: "w.a", stream: "W")
    // More than a pipe and the buffers hold, so that the tail waits for its sleeping reader, and has messages
    // to write after that.
    try bed.publish(1...3000, to: "w.b", stream: "W", padding: 1000)
    _ = try folder.write(String(repeating: "{}\n", count: 60), to: "lines")
    let terminal = "python3 -c 'import pty, sys; pty.spawn([\"/bin/sh\", \"-c\", sys.argv[1]])' \"$COMMAND\""
    let outcome = try Tool.shell(
      terminal, environment: bed.environment.merging(["COMMAND": "natswatch \(command)"]) { $1 },
      in: folder.url
    ).waitForEnd(.seconds(40))
    #expect(outcome.output.contains("\rnatswatch: ") && outcome.output.contains("/s"), "\(outcome)")
    #expect(outcome.output.hasSuffix("\r\u{1B}[K"), "\(outcome)")
  }
}
