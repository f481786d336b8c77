// SPDX-License-Identifier: Apache-2.0
import Lines
import Process

/// A source of lines, published on a stream by a separate thread.
protocol LineSource: Sendable {
  /// Reads and publishes to the end.
  func run() throws(InputError)
}

extension LineSource {
  /// Calls `whenEnded` on the source's thread, with the error that ended it, if there was one.
  func start(whenEnded: @escaping @Sendable (InputError?) -> Void) {
    startThread {
      do throws(InputError) {
        try run()
        whenEnded(nil)
      } catch {
        whenEnded(error)
      }
    }
  }
}
