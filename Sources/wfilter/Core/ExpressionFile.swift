// SPDX-License-Identifier: Apache-2.0
import Lines

/// `-f FILE`: an expression that is kept in a file.
package enum ExpressionFile {
  /// Reads all of a file; `-` is not standard input, which is the stream's.
  package static func read(_ path: String) throws(UnreadableFile) -> String {
    do { return String(decoding: try WholeFile.read(path), as: UTF8.self) } catch {
      throw UnreadableFile(path: path, reason: error.description)
    }
  }
}
