// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@testable import Lines

/// Feeds the pieces through a pipe, one write each, and returns the lines that the reader hands on.
private func lines(of pieces: [[UInt8]], limit: Int = 1 << 20, blockSize: Int = 4096) throws -> (
  lines: [[UInt8]], tooLong: Int, addedNewline: Bool
) {
  let pipe = Foundation.Pipe()
  var reader = LineReader(descriptor: pipe.fileHandleForReading.fileDescriptor, lineLimit: limit)
  let block = LineBlock(size: blockSize)
  var result: (lines: [[UInt8]], tooLong: Int, addedNewline: Bool) = ([], 0, false)
  func take(timeout: Int32?) throws -> Bool {
    switch try reader.read(into: block, timeoutMilliseconds: timeout) {
    case .lines:
      unsafe block.forEachLine { line in
        unsafe result.lines.append(Array(line))
        return true
      }
      result.tooLong += block.linesTooLong
      result.addedNewline = block.hasAddedNewline
      return true
    case .endOfInput, .timedOut, .shutdown: return false
    }
  }
  for piece in pieces {
    try pipe.fileHandleForWriting.write(contentsOf: Data(piece))
    while try take(timeout: 0) {}
  }
  try pipe.fileHandleForWriting.close()
  while try take(timeout: nil) {}
  return result
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct LineReaderTests {
  @Test func givesTheSameLinesAtAnySplit() throws {
    let input = bytes("{\"a\":1}\n\n  x\r\n\u{1F600}é\nlast")
    for cut in 0...input.count {
      let result = try lines(of: [Array(input[..<cut]), Array(input[cut...])])
      #expect(result.lines == [bytes("{\"a\":1}"), [], bytes("  x\r"), bytes("\u{1F600}é"), bytes("last")])
      #expect(result.addedNewline)
    }
  }

  @Test func givesLinesByteByByte() throws {
    let result = try lines(of: bytes("ab\nc\n").map { [$0] })
    #expect(result.lines == [bytes("ab"), bytes("c")])
    #expect(!result.addedNewline)
  }

  @Test func givesNothingForNoInput() throws { #expect(try lines(of: []).lines.isEmpty) }

  @Test func keepsALineLargerThanTheBlock() throws {
    let long = [UInt8](repeating: 0x61, count: 60_000)
    #expect(try lines(of: [long + [0x0A], bytes("b\n")]).lines == [long, bytes("b")])
  }

  @Test func dropsAndCountsALineOverTheLimitAndKeepsItsNeighbours() throws {
    let input = bytes("before\n") + [UInt8](repeating: 0x61, count: 101) + bytes("\nafter\n")
    for cut in 0...input.count {
      let result = try lines(of: [Array(input[..<cut]), Array(input[cut...])], limit: 100)
      #expect(result.lines == [bytes("before"), bytes("after")])
      #expect(result.tooLong == 1)
    }
  }

  @Test func countsALineOverTheLimitThatNeverEnds() throws {
    let result = try lines(of: [bytes("a\n"), [UInt8](repeating: 0x62, count: 9000)], limit: 100)
    #expect(result.lines == [bytes("a")])
    #expect(result.tooLong == 1)
  }

  @Test func countsALineOverTheLimitAtTheEnd() throws {
    let input = bytes("a\n") + [UInt8](repeating: 0x62, count: 150) + bytes("\n")
    for cut in 0...input.count {
      let result = try lines(of: [Array(input[..<cut]), Array(input[cut...])], limit: 100)
      #expect(result.lines == [bytes("a")])
      #expect(result.tooLong == 1)
    }
  }

  @Test func countsALineOverTheLimitBeforeAPauseOfTheInput() throws {
    let part = [UInt8](repeating: 0x61, count: 150)
    let result = try lines(of: [part, part, bytes("\nhal"), bytes("f\n")], limit: 100)
    #expect(result.lines == [bytes("half")])
    #expect(result.tooLong == 1)
  }

  @Test func keepsALineOfExactlyTheLimit() throws {
    let line = [UInt8](repeating: 0x61, count: 100)
    let result = try lines(of: [line + [0x0A]], limit: 100)
    #expect(result.lines == [line])
    #expect(result.tooLong == 0)
  }

  @Test func timesOutWithoutLosingAPartialLine() throws {
    let pipe = Foundation.Pipe()
    var reader = LineReader(descriptor: pipe.fileHandleForReading.fileDescriptor)
    let block = LineBlock()
    try pipe.fileHandleForWriting.write(contentsOf: Data("hal".utf8))
    #expect(try reader.read(into: block, timeoutMilliseconds: 1) == .timedOut)
    try pipe.fileHandleForWriting.write(contentsOf: Data("f\n".utf8))
    #expect(try reader.read(into: block, timeoutMilliseconds: 1000) == .lines)
    #expect(unsafe Array(block.bytes) == bytes("half\n"))
  }

  @Test func refusesADirectory() throws {
    let descriptor = unsafe open("/", O_RDONLY)
    defer { close(descriptor) }
    var reader = LineReader(descriptor: descriptor, name: "'/'")
    let block = LineBlock()
    #expect(throws: InputError(name: "'/'", errno: EISDIR)) { _ = try reader.read(into: block) }
  }
}
