// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// A process that runs during a test. When the value is released, the process and all its descendants are
/// killed.
///
/// `@unchecked Sendable`: `condition` guards the state that the two reading threads and the test share.
package final class RunningTool: @unchecked Sendable {
  private let process: SpawnedProcess
  private let input = Pipe()
  private let output = Pipe()
  private let diagnosticsPipe = Pipe()
  private let condition = NSCondition()
  private var outputBytes = Data()
  private var diagnosticsBytes = Data()
  private var openStreams = 2
  private let command: String

  init(_ path: String, _ arguments: [String], environment: [String: String], in directory: URL?) throws {
    command = ([path] + arguments).joined(separator: " ")
    signal(SIGPIPE, SIG_IGN)  // a tool that ends early must not take the tests with it
    process = try SpawnedProcess(
      path, arguments, environment: environment, in: directory, input: input.fileHandleForReading,
      output: output.fileHandleForWriting, errors: diagnosticsPipe.fileHandleForWriting)
    for end in [
      input.fileHandleForReading, output.fileHandleForWriting, diagnosticsPipe.fileHandleForWriting,
    ] {
      try end.close()
    }
    collect(output) { $0.outputBytes.append($1) }
    collect(diagnosticsPipe) { $0.diagnosticsBytes.append($1) }
  }

  deinit {
    process.killGroup()
    // Swift Testing's exit tests look at any child, so a zombie would keep them waiting.
    _ = process.wait()
  }

  package var processIdentifier: Int32 { process.processIdentifier }
  package var isRunning: Bool { process.isRunning }

  /// The output so far.
  package var soFar: Tool.Outcome {
    condition.withLock {
      Tool.Outcome(
        status: -1, output: String(decoding: outputBytes, as: UTF8.self),
        diagnostics: String(decoding: diagnosticsBytes, as: UTF8.self))
    }
  }

  /// The complete lines of stdout so far.
  package var lines: [String] {
    let text = soFar.output
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  package func write(_ text: String) { try? input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }
  package func closeInput() { try? input.fileHandleForWriting.close() }
  package func send(_ signal: Int32) { process.send(signal) }

  /// Waits until stdout has at least `count` complete lines, and returns all of them.
  @discardableResult
  package func waitForLines(_ count: Int, _ deadline: Duration = .seconds(20)) throws -> [String] {
    try wait(for: "\(count) lines", deadline) { $0.lines.count >= count }
    return lines
  }

  /// Waits until `text` occurs on stderr.
  package func waitForDiagnostics(_ text: String, _ deadline: Duration = .seconds(20)) throws {
    try wait(for: "'\(text)' on stderr", deadline) { $0.soFar.diagnostics.contains(text) }
  }

  /// Waits for the end of the process and of both its streams.
  @discardableResult
  package func waitForEnd(_ deadline: Duration = .seconds(30)) throws -> Tool.Outcome {
    try wait(for: "its end", deadline) { !$0.process.isRunning && $0.hasClosedStreams }
    var outcome = soFar
    outcome.status = process.wait()
    return outcome
  }

  /// Waits until `isTrue`, which is checked after each new output and every 20 ms.
  package func wait(for what: String, _ deadline: Duration, until isTrue: (RunningTool) -> Bool) throws {
    let end = ContinuousClock.now + deadline
    while !isTrue(self) {
      guard ContinuousClock.now < end else {
        process.send(SIGKILL)
        throw ToolDeadlineExceeded(command: command, waitedFor: what, outcome: soFar)
      }
      condition.withLock { _ = condition.wait(until: Date(timeIntervalSinceNow: 0.02)) }
    }
  }

  private var hasClosedStreams: Bool { condition.withLock { openStreams == 0 } }

  private func collect(_ pipe: Pipe, _ append: @escaping @Sendable (RunningTool, Data) -> Void) {
    let handle = pipe.fileHandleForReading
    Thread.detachNewThread { [weak self] in
      // Uses read(2), because FileHandle's `read(upToCount:)` waits on a pipe for that many bytes or the end.
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = unsafe read(handle.fileDescriptor, &bytes, bytes.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { break }
        guard let self else { return }
        let data = Data(bytes[..<count])
        self.condition.withLock {
          append(self, data)
          self.condition.broadcast()
        }
      }
      self?.condition.withLock { self?.openStreams -= 1 }
    }
  }
}
