// SPDX-License-Identifier: Apache-2.0

import CNATS
import Encoding
import FoundationEssentials
import Glibc
import JSON
import Process

/// `--journal`: one NDJSON line for each change of state of a message, appended with one write(2).
final class WorkJournal {
  enum State: String, Sendable {
    case processing, completed, failed
  }

  struct Record {
    var state: State
    var event: String
    var subject: String
    var sequence: UInt64
    var attempt: UInt64
    var error: String?
    var deadLetter: String?
    /// The payload of a dead letter that was too large to be published.
    var payload: [UInt8]?
  }

  struct WriteError: ToolError {
    var path: String
    var errno: Int32
    var status: ExitStatus { .cannotWrite }
    var description: String { "write to --journal '\(path)': \(systemMessage(self.errno))" }
  }

  private let path: String
  private let descriptor: Int32
  private let processedBy: String

  /// - Throws: ``WriteError`` when the file cannot be opened, or the disk has no room for a line.
  init(path: String, processedBy: String) throws(WriteError) {
    self.path = path
    self.processedBy = processedBy
    descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw WriteError(path: path, errno: errno) }
    try reserveRoom()
  }

  deinit { close(descriptor) }

  /// Finds out before the first message whether the disk is full. The size of the file stays.
  private func reserveRoom() throws(WriteError) {
    guard cnats_reserve_room(descriptor, 4096) != 0 else { return }
    // A device or a file system that cannot reserve shows a full disk with the first line.
    if errno == ENOSPC || errno == EDQUOT { throw WriteError(path: path, errno: errno) }
  }

  /// Writes one line. O_APPEND keeps the lines of several processes whole.
  func write(_ record: Record) throws(WriteError) {
    var line = """
      {"time":"\(RFC3339.text(nanoseconds: Timestamp.now.nanoseconds))","event_id":\(JSONText.string(record.event)),\
      "subject":\(JSONText.string(record.subject)),"sequence":\(record.sequence),"status":"\(record.state.rawValue)",\
      "processed_by":\(JSONText.string(processedBy)),"attempt":\(record.attempt)
      """
    if let error = record.error { line += ",\"error_message\":\(JSONText.string(error))" }
    if let deadLetter = record.deadLetter { line += ",\"dead_letter\":\(JSONText.string(deadLetter))" }
    if let payload = record.payload {
      line += ",\"payload_base64\":\"\(Data(payload).base64EncodedString())\""
    }
    line += "}\n"
    let bytes = Array(line.utf8)
    var sent = 0
    while sent < bytes.count {
      let written = unsafe bytes[sent...].withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if written > 0 {
        sent += written
      } else if errno != EINTR {
        throw WriteError(path: path, errno: errno)
      }
    }
  }
}
