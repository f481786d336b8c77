// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Process

@Suite struct MemoryFileTests {
  private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

  @Test func isReplacedWhole() throws {
    let file = try #require(MemoryFile(Array("a long content".utf8)))
    #expect(text(file.path) == "a long content")
    #expect(file.replace(by: Array("short".utf8)))
    #expect(text(file.path) == "short")
    #expect(file.replace(by: []))
    #expect(text(file.path) == "")
  }

  @Test func endsWithTheObject() throws {
    var file = MemoryFile(Array("secret".utf8))
    let path = try #require(file?.path)
    file = nil
    #expect(text(path) != "secret")
  }

  @Test func isReadByAChildThatDoesNotInheritIt() throws {
    let file = try #require(MemoryFile(Array("secret".utf8)))
    let child = try ChildProcess(ChildProcess.Configuration(["/bin/cat", file.path]))
    var bytes = [UInt8](repeating: 0, count: 100)
    let count = unsafe read(child.output, &bytes, bytes.count)
    #expect(String(decoding: bytes[..<max(0, count)], as: UTF8.self) == "secret")
    #expect(child.waitForEnd() == .exited(0))
  }
}
