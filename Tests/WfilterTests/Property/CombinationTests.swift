// SPDX-License-Identifier: Apache-2.0

import Events
import Filter
import Foundation
import Process
import TestSupport
import Testing

@testable import WfilterCore

/// Random flags over random streams, compared with the ``Reference`` for each way in which wfilter can
/// process lines.
@Suite(.timeLimit(.minutes(10))) struct CombinationTests {
  /// How lines arrive and are processed.
  enum Way: CaseIterable {
    case oneThread, manyThreads, lineByLine, pipe, bytes
  }

  private static func configuration(using random: inout SeededNumbers) -> Configuration {
    func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
    var configuration = Configuration()
    configuration.isInverted = chance(6)
    configuration.countsOnly = chance(6)
    configuration.limit = [nil, nil, nil, 0, 1, 2, 5, 40].randomElement(using: &random) ?? nil
    configuration.isQuiet = chance(10)
    configuration.wantsMatch = chance(4)
    configuration.emit =
      [[], [], [], ["v"], ["v", "k"], ["[k, v]"], ["old.a"]].randomElement(using: &random) ?? []
    configuration.emitsRaw = !configuration.emit.isEmpty && Bool.random(using: &random)
    configuration.control =
      [.pass, .match, .drop, configuration.emit.isEmpty ? .pass : .drop].randomElement(using: &random)
      ?? .pass
    configuration.onError = [.drop, .drop, .keep, .fail].randomElement(using: &random) ?? .drop
    if chance(5) { configuration.filter.types = ["ADDED", "STATUS"] }
    if chance(4), let path = try? PathPattern("v") { configuration.redactions = [path] }
    if chance(2) {
      if chance(3) { configuration.state.dedupe = "a" }
      if chance(3) { configuration.state.tracks = true }
      switch Int.random(in: 0..<4, using: &random) {
      case 0: configuration.state.throttle = .seconds(3600)
      case 1:
        configuration.state.debounce = .seconds(3600)
      default: break
      }
      // Alone, --key is refused.
      if configuration.state.isNeeded { configuration.state.key = "k" }
    }
    return configuration
  }

  /// Shared by all runs, because each value holds two descriptors.
  private static let shutdown = Shutdown()

  private struct Trial {
    var configuration: Configuration
    var expected: (output: String, status: RunStatus)
    var text: String
    var isSmall: Bool
  }

  private static func trial(_ seed: UInt64) -> Trial {
    var random = SeededNumbers(seed: seed)
    var configuration = configuration(using: &random)
    let expression =
      Int.random(in: 0..<8, using: &random) == 0 ? nil : Reference.expressions.randomElement(using: &random)
    let failIf =
      Int.random(in: 0..<5, using: &random) == 0
      ? Reference.Expression(text: "a == 3") { $0.numbers["a"].map { $0 == 3 } } : nil
    configuration.filter.expression = expression?.text
    configuration.failIf = failIf?.text
    let isSmall = Int.random(in: 0..<4, using: &random) > 0
    let count = Int.random(in: 0...(isSmall ? 12 : 500), using: &random)
    var lines = (0..<count).map { ModelLine.random($0, using: &random) }
    if expression?.usesOld == true || configuration.emit == ["old.a"] {
      configuration.state.key = "k"
      // A line that does not match is not read to its end, and may be `old` although it is broken there.
      for index in lines.indices where !lines[index].isJSON { lines[index].text = "nonsense" }
    }
    var reference = Reference(configuration, expression, failIf: failIf)
    let endsWithNewline = Int.random(in: 0..<4, using: &random) > 0 || lines.last?.text.isEmpty == true
    let text = lines.map(\.text).joined(separator: "\n") + (endsWithNewline && !lines.isEmpty ? "\n" : "")
    return Trial(configuration: configuration, expected: reference.run(lines), text: text, isSmall: isSmall)
  }

  private static func run(
    _ trial: Trial, _ expressions: Expressions, _ way: Way, _ folder: TemporaryDirectory
  ) throws -> (output: String, status: RunStatus) {
    var configuration = trial.configuration
    configuration.blockSize = 4096
    configuration.jobs = way == .manyThreads || way == .bytes ? 4 : 1
    configuration.takesLinesOneByOne = way == .lineByLine
    let input = Pipe()
    if way == .pipe || way == .bytes {
      configuration.files = ["/proc/self/fd/\(input.fileHandleForReading.fileDescriptor)"]
      let bytes = Array(trial.text.utf8)
      let chunk = way == .bytes ? 1 : 1000
      let writer = input.fileHandleForWriting
      Thread.detachNewThread {
        for start in stride(from: 0, to: bytes.count, by: chunk) {
          guard (try? writer.write(contentsOf: bytes[start..<min(start + chunk, bytes.count)])) != nil else {
            break
          }
        }
        try? writer.close()
      }
    } else {
      configuration.files = [folder.url.appending(path: "lines").path]
    }
    let path = folder.url.appending(path: "output").path
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    guard let output = FileHandle(forWritingAtPath: path) else { throw POSIXError(.EIO) }
    let status = try FilterRun.run(
      expressions, configuration, output: output.fileDescriptor,
      diagnostics: Diagnostics(tool: "wfilter", level: .silent),
      shutdown: shutdown)
    try output.close()
    try input.fileHandleForReading.close()
    return (try String(contentsOfFile: path, encoding: .utf8), status)
  }

  /// `WFILTER_TRIALS` sets the number of trials, and `WFILTER_SEED` the first seed.
  @Test func allWaysAgreeWithTheManual() throws {
    signal(SIGPIPE, SIG_IGN)
    let environment = ProcessInfo.processInfo.environment
    let first = environment["WFILTER_SEED"].flatMap(UInt64.init) ?? 1
    let count = environment["WFILTER_TRIALS"].flatMap(UInt64.init) ?? 1500
    let folder = try TemporaryDirectory()
    var failures = 0
    for seed in first..<(first + count) where failures < 3 {
      let trial = Self.trial(seed)
      try folder.write(trial.text, to: "lines")
      let expressions = try Expressions(trial.configuration)
      for way in Way.allCases where way != .bytes || trial.isSmall {
        let outcome = try Self.run(trial, expressions, way, folder)
        if outcome != trial.expected { failures += 1 }
        #expect(
          outcome == trial.expected,
          "seed \(seed), \(way): \(trial.configuration)\n--- lines\n\(trial.text.prefix(4000))")
      }
    }
  }
}
