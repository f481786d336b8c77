// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import Lines
import Process
import Synchronization

/// Reads a recording and publishes each line when it is due, on a thread of its own. Starts with the first
/// client.
struct ReplayReader: LineSource {
  let recording: Recording
  let pacing: ReplayPacing
  let stream: EventStream
  let shutdown: Shutdown
  let diagnostics: Diagnostics

  func run() throws(InputError) -> UnusableInputError? {
    let path = recording.path
    let descriptor = try recording.open()
    defer { close(descriptor) }
    var reader = LineReader(descriptor: descriptor, name: path, shutdown: shutdown)
    let block = LineBlock()
    var pacing = pacing
    var check = InputCheck(name: path, diagnostics: diagnostics)
    while stream.state.listenerCount == 0 { guard isAwake(after: .milliseconds(20)) else { return nil } }
    let started = ContinuousClock.now
    while try reader.read(into: block) == .lines {
      check.look(at: block)
      var lines: [[UInt8]] = []
      unsafe block.forEachLine { line in
        let time = unsafe line.baseAddress.flatMap {
          unsafe RecordedTime.find(RawJSON(line: $0.assumingMemoryBound(to: UInt8.self), count: line.count))
        }
        let line = unsafe [UInt8](line)
        let wait = pacing.due(time) - (ContinuousClock.now - started)
        if wait > .zero {
          publish(&lines)
          guard isAwake(after: wait) else { return false }
        }
        lines.append(line)
        return true
      }
      publish(&lines)
      guard shutdown.cause == nil else { return nil }
    }
    return check.error
  }

  private func publish(_ lines: inout [[UInt8]]) {
    guard !lines.isEmpty, stream.waitForRoom(for: lines.reduce(0) { $0 + $1.count }) else { return }
    stream.publish { batch in
      for line in lines { batch.append(line) }
    }
    lines.removeAll()
  }

  /// False if the process was asked to end while waiting.
  private func isAwake(after wait: Duration) -> Bool {
    let end = ContinuousClock.now + wait
    while shutdown.cause == nil {
      let milliseconds = (end - ContinuousClock.now) / .milliseconds(1)
      guard milliseconds > 0 else { return true }
      waitForInput(shutdown.eventDescriptor, milliseconds: Int32(min(milliseconds.rounded(.up), 1e6)))
    }
    return false
  }
}
