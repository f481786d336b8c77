// SPDX-License-Identifier: Apache-2.0
import Lines
import Process

/// A source of lines, published on a stream by a separate thread.
protocol LineSource: Sendable {
  /// Reads and publishes to the end.
  ///
  /// - Returns: The fault of the input as a whole, if it has one.
  /// - Throws: ``InputError`` if it cannot be read.
  func run() throws(InputError) -> UnusableInputError?
}

extension LineSource {
  /// Calls `whenEnded` on the source's thread, with the error that ended it, if there was one.
  func start(whenEnded: @escaping @Sendable ((any ToolError)?) -> Void) {
    startThread {
      do throws(InputError) {
        whenEnded(try run())
      } catch {
        whenEnded(error)
      }
    }
  }
}
