// SPDX-License-Identifier: Apache-2.0

import JSON
import Lines

/// The content of a `--state` file. It identifies the stream by its creation, too, because a stream may be
/// re-created under its name.
struct TailState: Equatable, Sendable {
  var stream: String
  /// The stream's ``StreamInfo/epoch``.
  var created: String
  /// Every match up to this sequence has been written and flushed.
  var seq: UInt64

  /// Nil if there is no file yet.
  static func read(_ file: OpenStateFile) throws -> TailState? {
    guard let bytes = try file.read() else { return nil }
    guard let document = try? JSONValue(parsing: bytes), let stream = document["stream"]?.string,
      let created = document["created"]?.string, let sequence = document["seq"]?.unsigned
    else {
      throw NATSError(
        .badSettings, "state file '\(file.path)' was not written by natswatch: remove it to start again")
    }
    return TailState(stream: stream, created: created, seq: sequence)
  }

  func write(_ file: OpenStateFile) throws(StateFileError) {
    let line = JSONWriter.object {
      $0.member("stream", stream)
      $0.member("created", created)
      $0.member("seq", seq)
    }
    try file.write(line + [0x0a])
  }
}
