// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

/// A client's token is passed to the command for this client, and to no other process.
@Suite(.timeLimit(.minutes(1))) struct HandedTokenTests {
  private func read(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

  @Test func aTokenFileIsReplacedAtomically() throws {
    var token = HandedToken("one, and long")
    let path = try #require(token?.path)
    #expect(read(path) == "one, and long")
    token?.replace(by: "two")
    #expect(token?.path == path)
    #expect(read(path) == "two")
    token = nil
    #expect(read(path) != "two", "the file ends with the last command")
  }

  @Test func anIdentityHasOneTokenForAllItsCommands() throws {
    let tokens = HandedTokens()
    let ann = try #require(tokens.token(of: Identity(name: "ann", token: "a1")))
    let bob = try #require(tokens.token(of: Identity(name: "bob", token: "b1")))
    #expect(tokens.token(of: Identity(name: "ann", token: "a2")) == ann)
    #expect(read(ann.path) == "a2" && read(bob.path) == "b1")
  }

  @Test func aCommandReadsTheNewestTokenOfItsClient() throws {
    let directory = try TemporaryDirectory()
    let tokens = try directory.write("secret-1 ann\nsecret-2 ann\nsecret-3 bob\n", to: "tokens")
    // Prints a line at each change of the token, with its arguments, which other users can see.
    let script = try directory.write(
      """
      trap 'exit 0' TERM
      while :; do
        now=$(cat "$2")
        [ "$now" = "$last" ] || echo "{\\"type\\":\\"ADDED\\",\\"object\\":{\\"metadata\\":{\\"name\\":\\"t\\"},\\"token\\":\\"$now\\",\\"line\\":\\"$(tr '\\0' ' ' </proc/$$/cmdline)\\"}}"
        last=$now
        sleep 0.1
      done
      """, to: "source.sh")
    let fanout = try Fanout(
      ["--upstream", "/bin/sh \(script) {resourceType} {tokenFile}", "--auth-tokens", tokens])
    func watch(_ token: String) throws -> RunningTool {
      try fanout.listening("/api/v1/pods?watch=1", ["-H", "Authorization: Bearer \(token)"])
    }
    let first = try watch("secret-1")
    #expect(try first.waitForLines(1)[0].contains(#""token":"secret-1""#))
    let other = try watch("secret-3")
    #expect(try other.waitForLines(1)[0].contains(#""token":"secret-3""#))
    // The same user subscribes with a newer token. The running command gets it.
    let second = try watch("secret-2")
    #expect(try first.waitForLines(2)[1].contains(#""token":"secret-2""#))
    #expect(other.lines.count == 1)
    for line in first.lines {
      let arguments = try #require(line.split(separator: #""line":""#).last)
      #expect(arguments.contains("/proc/") && !arguments.contains("secret"), "\(line)")
    }
    second.send(SIGKILL)
  }

  @Test(arguments: [
    (["--share", "channel", "--auth-tokens", "/dev/null"], "--share channel"), ([], "--auth-tokens"),
  ])
  func tokenFilesNeedTokensAtTheStart(_ flags: [String], _ word: String) throws {
    let refused = try Tool.run(
      "wfanout", ["--upstream", "cat {tokenFile}", "--listen", "127.0.0.1:0"] + flags)
    #expect(refused.status == 64 && refused.diagnostics.contains(word), "\(refused)")
  }
}
