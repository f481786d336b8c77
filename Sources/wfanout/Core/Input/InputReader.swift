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

  func run() throws(InputError) -> UnusableInputError? {
    var reader = LineReader(descriptor: descriptor, name: name, shutdown: shutdown)
    let block = LineBlock()
    var publisher = LinePublisher(name: name, stream: stream, diagnostics: diagnostics)
    while true {
      switch try reader.read(into: block) {
      case .endOfInput: return publisher.check.error
      case .shutdown: return nil
      case .timedOut: continue
      case .lines: break
      }
      guard publisher.publish(block) else { return nil }
    }
  }
}
