// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Process

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
  /// The output of a command, until it closes stdout.
  private func output(of child: ChildProcess) -> String {
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(child.output, &buffer, buffer.count)
      guard count > 0 else { return String(decoding: text, as: UTF8.self) }
      text += buffer[..<count]
    }
  }

  private func shell(_ script: String) -> ChildProcess.Configuration {
    ChildProcess.Configuration(["sh", "-c", script])
  }

  @Test func givesOutputAndStatus() throws {
    let child = try ChildProcess(shell("echo one; exit 3"))
    #expect(output(of: child) == "one\n")
    #expect(child.waitForEnd() == .exited(3))
    #expect(child.waitForEnd() == .exited(3), "asked again")
  }

  @Test func writesToItsInput() throws {
    var configuration = ChildProcess.Configuration(["cat"])
    configuration.input = .pipe
    let child = try ChildProcess(configuration)
    #expect(unsafe write(child.input, "ping", 4) == 4)
    child.closeInput()
    child.closeInput()
    #expect(output(of: child) == "ping")
    #expect(child.waitForEnd() == .exited(0))
  }

  @Test func inheritsThreeDescriptorsAndTheOldLimit() throws {
    // Without close-on-exec, like the sockets of SwiftNIO.
    let leak = dup(0)
    defer { close(leak) }
    let limit = DescriptorLimit.original
    DescriptorLimit.raise()
    let child = try ChildProcess(shell("ls /proc/$$/fd; ulimit -Sn"))
    #expect(output(of: child) == "0\n1\n2\n\(limit)\n")
    #expect(child.waitForEnd() == .exited(0))
  }

  @Test func startsWithDefaultSignals() throws {
    signal(SIGPIPE, SIG_IGN)
    // The command runs without a shell, because dash blocks signals while it waits.
    let child = try ChildProcess(
      .init(["sed", "-n", "s/^Sig\\(Blk\\|Ign\\):.*\\(........\\)$/\\2/p", "/proc/self/status"]))
    let masks = output(of: child).split(separator: "\n").compactMap { UInt32($0, radix: 16) }
    // glibc reserves signal 32, so a program cannot set it.
    #expect(masks.map { $0 & 0x7FFF_FFFF } == [0, 0])
    #expect(child.waitForEnd() == .exited(0))
  }

  @Test(arguments: ["", "no-such-command", "/no/such/command", "/etc/passwd", "/"])
  func namesACommandThatCannotBeStarted(_ command: String) {
    let error = #expect(throws: ChildProcessError.self) { try ChildProcess(.init([command])) }
    #expect(error?.description.contains("'\(command)'") == true)
    #expect(CommandSearch.path(of: command) == nil)
  }

  @Test func reportsAFileThatIsNotExecutable() throws {
    let folder = try TemporaryDirectory()
    let path = folder.path("broken")
    try Data([0x7F, 0x45, 0x4C, 0x46, 0]).write(to: URL(filePath: path))
    #expect(unsafe chmod(path, 0o755) == 0)
    let error = #expect(throws: ChildProcessError.self) { try ChildProcess(.init([path])) }
    #expect(error?.errno == ENOEXEC && error?.reason.contains("#!/bin/sh") == true)
  }

  @Test func stopsACommandThatIgnoresTheRequest() throws {
    let child = try ChildProcess(shell("trap '' TERM; echo ready; while :; do sleep 60; done"))
    var byte = [UInt8](repeating: 0, count: 6)
    _ = unsafe read(child.output, &byte, 6)
    #expect(child.stop(grace: .milliseconds(50)) == .killed(signal: SIGKILL))
  }

  @Test func stopsTheWholeGroup() throws {
    let child = try ChildProcess(shell("sleep 600 & echo $!; wait"))
    let grandchild = try startedBy(child)
    child.stop()
    try eventually("the grandchild is gone") { kill(grandchild, 0) != 0 }
  }

  /// A process in another session, whose parent has ended.
  private static let escape = "setsid sh -c 'sleep 600 & echo $!' & wait $!; exec sleep 600"

  private func startedBy(_ child: ChildProcess) throws -> Int32 {
    var buffer = [UInt8](repeating: 0, count: 16)
    let count = unsafe read(child.output, &buffer, buffer.count)
    let text = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
    return try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  @Test func stopsDescendantsThatHaveLeftTheGroup() throws {
    let child = try ChildProcess(shell(Self.escape))
    let other = try ChildProcess(shell(Self.escape))
    let (grandchild, stays) = (try startedBy(child), try startedBy(other))
    child.stop()
    try eventually("the grandchild is gone") { kill(grandchild, 0) != 0 }
    #expect(kill(stays, 0) == 0, "it is another command's")
    other.stop()
    try eventually("the other grandchild is gone") { kill(stays, 0) != 0 }
  }

  @Test func leavesAnAgentAlone() throws {
    var configuration = shell(Self.escape)
    configuration.endsDescendants = false
    configuration.environment = ["PATH=/usr/bin:/bin", "WATCHUTILS_CHILD=1.2.3."]
    let child = try ChildProcess(configuration)
    let agent = try startedBy(child)
    let environment = try Data(contentsOf: URL(filePath: "/proc/\(agent)/environ"))
    #expect(!String(decoding: environment, as: UTF8.self).contains("WATCHUTILS_CHILD"))
    child.stop()
    #expect(kill(agent, SIGKILL) == 0)
  }

  @Test func endDescriptorIsReadableAtTheEnd() throws {
    let child = try ChildProcess(shell("exit 7"))
    var event = pollfd(fd: child.endDescriptor, events: Int16(POLLIN), revents: 0)
    #expect(unsafe poll(&event, 1, 10_000) == 1)
    #expect(child.waitForEnd(atMost: .zero) == .exited(7))
  }
}
