// SPDX-License-Identifier: Apache-2.0
import Lines
import Process

/// Reads lines from a descriptor and publishes them, on a thread of its own: epoll refuses regular files.
struct InputReader: LineSource {
  let descriptor: Int32
  let name: String
  let stream: EventStream
  let shutdown: Shutdown?
  let diagnostics: Diagnostics

  func run() throws(InputError) {
    var reader = LineReader(descriptor: descriptor, name: name, shutdown: shutdown)
    let block = LineBlock()
    let epoch = stream.state.epoch
    var mended = 0
    while true {
      switch try reader.read(into: block) {
      case .endOfInput, .shutdown: return
      case .timedOut: continue
      case .lines: break
      }
      if block.linesTooLong > 0 {
        diagnostics.warning("\(name): \(block.linesTooLong) lines over 64 MiB left out")
      }
      guard unsafe stream.waitForRoom(for: block.bytes.count) else { return }
      stream.publish { batch in
        unsafe batch.reserve(bytes: block.bytes.count)
        unsafe block.forEachLine { line in
          unsafe batch.append(line, epoch: epoch)
          return true
        }
        if batch.mended > 0, mended == 0 {
          diagnostics.warning("\(name): not UTF-8; the malformed bytes are replaced by U+FFFD")
        }
        mended += batch.mended
      }
    }
  }
}
