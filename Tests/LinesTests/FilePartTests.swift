// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@testable import Lines

@Suite struct FilePartTests {
  /// A file that is gone with the test.
  private static func file(_ content: [UInt8]) throws -> InputFile {
    let url = FileManager.default.temporaryDirectory.appending(path: "watchutils-\(UUID().uuidString)")
    try Data(content).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    let descriptor = unsafe open(url.path, O_RDONLY)
    try #require(descriptor >= 0)
    return InputFile(owning: descriptor, name: url.path)
  }

  /// Reads all parts of one size, last first: their order must not matter.
  private static func read(
    _ file: InputFile, _ size: Int, from start: Int = 0, lineLimit: Int = 1 << 20
  ) throws -> (bytes: [UInt8], tooLong: Int, addedNewlines: Int) {
    let end = try #require(file.remainder).upperBound
    let block = LineBlock(size: 4096)
    var result: (bytes: [UInt8], tooLong: Int, addedNewlines: Int) = ([], 0, 0)
    for lower in stride(from: start, to: end, by: size).reversed() {
      let part = FilePart(file: file, range: lower..<min(lower + size, end), startsLine: lower == start)
      let first = try part.read(into: block, lineLimit: lineLimit)
      unsafe result.bytes.insert(contentsOf: block.bytes[first...], at: 0)
      result.tooLong += block.linesTooLong
      if block.hasAddedNewline { result.addedNewlines += 1 }
    }
    return result
  }

  @Test(arguments: ["a\n", "a", "\n", "\n\n\nab\r\n\n", "one\n\ntwo and more\nx", "é\n\u{1F600}\n"])
  func partsOfAnySizeContainEachLineOnce(_ text: String) throws {
    let content = Array(text.utf8)
    let file = try Self.file(content)
    for size in 1...content.count {
      let result = try Self.read(file, size)
      #expect(result.bytes == (text.hasSuffix("\n") ? content : content + [0x0A]))
      #expect(result.addedNewlines == (text.hasSuffix("\n") ? 0 : 1))
      #expect(result.tooLong == 0)
    }
  }

  /// Lines that span several parts, and end after the bytes that are read with a part.
  @Test(arguments: [1_000, 4_095, 4_096, 4_097, 70_000]) func longLinesAreComplete(_ size: Int) throws {
    var content: [UInt8] = []
    for (index, length) in [10, 9_000, 0, 4_095, 4_096, 150_000, 1, 20_000].enumerated() {
      content += [UInt8](repeating: UInt8(0x61 + index), count: length) + [0x0A]
    }
    #expect(try Self.read(Self.file(content), size).bytes == content)
  }

  @Test func aLineOverTheLimitDoesNotAffectOthers() throws {
    let long = [UInt8](repeating: 0x62, count: 200_000)
    for content in [Array("a\n".utf8) + long + Array("\nc\n".utf8), Array("a\n".utf8) + long] {
      let result = try Self.read(Self.file(content), 1_000, lineLimit: 100_000)
      #expect(result.bytes == Array((content.last == 0x0A ? "a\nc\n" : "a\n").utf8))
      #expect(result.tooLong == 1)
    }
  }

  /// Lines keep their numbers, wherever a missing one stood.
  @Test func keepsTheNumbersAfterAMissingLine() throws {
    let long = String(repeating: "b", count: 20)
    let file = try Self.file(Array("x\na\n\(long)\nc\nd\n\(long)\n".utf8))
    let block = LineBlock(size: 4096)
    let start = try FilePart(file: file, range: 1..<30, startsLine: false).read(into: block, lineLimit: 15)
    #expect(unsafe Array(block.bytes[start...]) == Array("a\nc\nd\n".utf8))
    #expect(block.linesTooLong == 2)
    #expect((1...3).map(block.place) == [1, 3, 4])
    #expect(block.placeOfLastMissing == 5)
  }

  @Test func startsAtTheOffsetOfTheDescriptor() throws {
    let file = try Self.file(Array("gone\nkept\n".utf8))
    file.moveOn(to: 5)
    #expect(file.remainder == 5..<10)
    #expect(try Self.read(file, 2, from: 5).bytes == Array("kept\n".utf8))
  }

  @Test func aFileThatHasShrunkEndsEarly() throws {
    let file = try Self.file(Array("ab\ncd\n".utf8))
    let block = LineBlock(size: 4096)
    let part = FilePart(file: file, range: 3..<100, startsLine: false)
    let start = try part.read(into: block)
    #expect(unsafe Array(block.bytes[start...]) == Array("cd\n".utf8))
    #expect(try FilePart(file: file, range: 100..<200, startsLine: false).read(into: block) == 0)
    #expect(block.count == 0)
  }

  @Test func aPipeHasNoParts() {
    let pipe = Foundation.Pipe()
    let descriptor = dup(pipe.fileHandleForReading.fileDescriptor)
    #expect(InputFile(owning: descriptor, name: "pipe").remainder == nil)
  }
}
