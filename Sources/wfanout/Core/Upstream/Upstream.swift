// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Process
import Synchronization

/// One running command and the stream of its lines.
final class Upstream: Sendable {
  let channel: String
  let stream: EventStream
  private let child: ChildProcess
  private let departures = Atomic<Int>(0)
  private let isOver = Mutex<ChildProcess.Ending?>(nil)

  init(channel: String, stream: EventStream, child: ChildProcess) {
    self.channel = channel
    self.stream = stream
    self.child = child
  }

  /// Counts the times that nobody was left.
  func leave() -> Int { departures.wrappingAdd(1, ordering: .relaxed).newValue }
  var departure: Int { departures.load(ordering: .relaxed) }

  var processIdentifier: Int32 { child.processIdentifier }

  /// Reads until the command has ended; `whenEnded` is called on the reader's thread.
  func start(diagnostics: Diagnostics, whenEnded: @escaping @Sendable (ChildProcess.Ending) -> Void) {
    InputReader(
      descriptor: child.output, name: channel, stream: stream, shutdown: nil, diagnostics: diagnostics
    ).start { _ in
      let ending = self.child.wait()
      self.isOver.withLock { $0 = ending }
      whenEnded(ending)
    }
  }

  var ending: ChildProcess.Ending? { isOver.withLock { $0 } }

  func stop() {
    stream.gate.close()
    child.stop()
  }
}
