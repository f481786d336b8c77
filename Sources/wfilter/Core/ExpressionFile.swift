// SPDX-License-Identifier: Apache-2.0

import Lines
import Process

/// `-f FILE`: an expression that is kept in a file.
package enum ExpressionFile {
  /// Reads a whole file. `-` is standard input, which must then not be among `files`.
  package static func read(_ path: String, linesFrom files: [String]) throws -> String {
    if path == "-", files.isEmpty || files.contains("-") {
      throw UsageError(description: "-f -: standard input holds the expression: name the files to filter")
    }
    do {
      let text = String(decoding: try WholeFile.read(path == "-" ? "/dev/stdin" : path), as: UTF8.self)
      // A byte order mark is skipped, as at the start of a data file.
      return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    } catch { throw UnreadableExpressionError(description: "-f: open \(path): \(error.description)") }
  }
}

/// The file of `-f` cannot be read.
struct UnreadableExpressionError: ToolError {
  var description: String
  var status: ExitStatus { .noInput }
}
