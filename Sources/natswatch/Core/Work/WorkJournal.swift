// SPDX-License-Identifier: Apache-2.0

import CNATS
import Encoding
import Glibc
import JSON
import Lines

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
    /// The payload of a dead letter that was too large to publish.
    var payload: [UInt8]?
  }

  /// The journal's name in messages.
  private let place: String
  private let descriptor: Int32
  private let processedBy: String

  /// - Throws: ``OutputError`` when the file cannot be opened, or the disk has no room for a line.
  init(path: String, processedBy: String) throws(OutputError) {
    place = "--journal '\(path)'"
    self.processedBy = processedBy
    descriptor = try AppendedFile.open(path, as: place)
    try reserveRoom()
  }

  deinit { close(descriptor) }

  /// Checks before the first message whether the disk is full, without changing the size of the file.
  private func reserveRoom() throws(OutputError) {
    guard cnats_reserve_room(descriptor, 4096) != 0 else { return }
    // On a device or file system that cannot reserve space, a full disk shows with the first line.
    if errno == ENOSPC || errno == EDQUOT { throw .failed(errno: errno, to: place) }
  }

  /// Writes one line. O_APPEND keeps the lines of several processes whole.
  func write(_ record: Record) throws(OutputError) {
    let bytes =
      JSONWriter.object {
        $0.member("time", RFC3339.text(nanoseconds: Timestamp.now.nanoseconds))
        $0.member("event_id", record.event)
        $0.member("subject", record.subject)
        $0.member("sequence", record.sequence)
        $0.member("status", record.state.rawValue)
        $0.member("processed_by", processedBy)
        $0.member("attempt", record.attempt)
        if let error = record.error { $0.member("error_message", error) }
        if let deadLetter = record.deadLetter { $0.member("dead_letter", deadLetter) }
        if let payload = record.payload { $0.member("payload_base64", Base64.encode(payload)) }
      } + [0x0a]
    var sent = 0
    while sent < bytes.count {
      let written = unsafe bytes[sent...].withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if written > 0 {
        sent += written
      } else if errno != EINTR {
        throw .failed(errno: errno, to: place)
      }
    }
  }
}
