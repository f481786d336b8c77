// SPDX-License-Identifier: Apache-2.0
import Lines
import Process

/// Publishes the lines that a source has read. For one thread.
struct LinePublisher {
  let name: String
  let stream: EventStream
  let diagnostics: Diagnostics
  private(set) var check: InputCheck
  private var hasMended = false

  init(name: String, stream: EventStream, diagnostics: Diagnostics) {
    self.name = name
    self.stream = stream
    self.diagnostics = diagnostics
    check = InputCheck(name: name, diagnostics: diagnostics)
  }

  /// Waits for room, and publishes.
  ///
  /// - Returns: False when the stream has ended.
  mutating func publish(_ block: LineBlock) -> Bool {
    if block.linesTooLong > 0 {
      let count = block.linesTooLong
      diagnostics.warning("\(name): skipped \(count) line\(count == 1 ? "" : "s") longer than 64 MiB")
    }
    check.look(at: block)
    guard unsafe stream.waitForRoom(for: block.bytes.count) else { return false }
    var mended = 0
    stream.publish { batch in
      unsafe batch.reserve(bytes: block.bytes.count)
      unsafe block.forEachLine { line in
        unsafe batch.append(line)
        return true
      }
      mended = batch.mended
    }
    if mended > 0, !hasMended {
      hasMended = true
      diagnostics.warning("\(name): not UTF-8; the malformed bytes are replaced by U+FFFD")
    }
    return true
  }
}
