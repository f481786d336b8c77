// SPDX-License-Identifier: Apache-2.0

import Encoding
import Glibc
import JSON
import Process
import Synchronization

/// `--journal`: one NDJSON line for each change of state of a message, appended with one write(2).
final class WorkJournal: Sendable {
  enum State: String, Sendable {
    case processing, completed, failed
  }

  struct Failure: ToolError {
    var path: String
    var errno: Int32
    var status: ExitStatus { .cannotWrite }
    var description: String { "write journal '\(path)': \(systemMessage(self.errno))" }
  }

  private let descriptor: Int32
  private let processedBy: String

  /// - Throws: ``Failure`` when the file cannot be opened.
  init(path: String, processedBy: String) throws(Failure) {
    descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure(path: path, errno: errno) }
    self.processedBy = processedBy
  }

  deinit { close(descriptor) }

  /// Writes one line. Any thread: O_APPEND keeps lines whole.
  func note(
    _ state: State, event: String, subject: String, sequence: UInt64, attempt: UInt64, error: String? = nil,
    deadLetter: String? = nil
  ) {
    var line = """
      {"time":"\(RFC3339.text(nanoseconds: Timestamp.now.nanoseconds))","event_id":\(JSONText.string(event)),\
      "subject":\(JSONText.string(subject)),"sequence":\(sequence),"status":"\(state.rawValue)",\
      "processed_by":\(JSONText.string(processedBy)),"attempt":\(attempt)
      """
    if let error { line += ",\"error_message\":\(JSONText.string(error))" }
    if let deadLetter { line += ",\"dead_letter\":\(JSONText.string(deadLetter))" }
    line += "}\n"
    var text = line
    text.withUTF8 { bytes in _ = unsafe write(descriptor, bytes.baseAddress, bytes.count) }
  }
}
